import Backbones
import Batches
import Gradients
import Layers
import Pretraining
import Recipes
import Tensors
import Testing

/// What training does to the losses, and when it raises the alarm.
struct ObjectiveTests {
  struct Options: Sendable, CustomTestStringConvertible {
    let reliability: ISRSettings.Reliability
    let matcher: ISRSettings.Matcher
    let view: ISRSettings.MatchView
    var testDescription: String { "\(reliability) \(matcher) \(view)" }
  }

  static let options = ISRSettings.Reliability.allCases.flatMap { reliability in
    ISRSettings.Matcher.allCases.flatMap { matcher in
      ISRSettings.MatchView.allCases.map {
        Options(reliability: reliability, matcher: matcher, view: $0)
      }
    }
  }

  @Test func `every way to mine pairs trains`() throws {
    let store = try FigureStore()
    #expect(Self.options.count == 24)
    for options in Self.options {
      var recipe = FigureStore.recipe
      recipe.isr.reliability = options.reliability
      recipe.isr.matcher = options.matcher
      recipe.isr.matchView = options.view
      recipe.isr.batchSource = options.view == .clean ? .oneVideo : .mixed
      let trainer = try store.trainer(recipe)
      let before = trainer.weights
      for report in try trainer.run() {
        #expect(report.values.values.allSatisfy { $0.isFinite }, "\(options)")
        let bounds = ["precision", "possible", "unmatched"].compactMap { report.values[$0] }
        // Cycle association matches nothing.
        let matches = options.reliability != .cycas
        #expect(matches ? (1...6).contains(report.pairs) : report.pairs == 0, "\(options)")
        #expect(bounds.count == (matches ? 3 : 0), "\(options)")
        #expect(bounds.allSatisfy { $0 >= 0 && $0 <= 1 }, "\(options)")
      }
      #expect(trainer.weights != before)
    }
  }

  @Test(arguments: [ISRSettings.Reliability.none, .p, .cycas])
  func `pairs of the same person grow more alike than neighbours`(
    _ reliability: ISRSettings.Reliability
  ) throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.isr.steps = 40
    recipe.isr.reliability = reliability
    let reports = try store.trainer(recipe).run()
    func mean(_ name: String, _ part: ArraySlice<StepReport>) -> Double {
      part.reduce(0) { $0 + ($1.values[name] ?? .nan) } / Double(part.count)
    }
    let (first, last) = (reports.prefix(8), reports.suffix(8))
    func margin(_ part: ArraySlice<StepReport>) -> Double {
      mean("similarity", part) - mean("frameSimilarity", part)
    }
    if reliability == .cycas {
      #expect(mean("frameSimilarity", last) < mean("frameSimilarity", first) - 0.1)
    } else {
      #expect(margin(last) > margin(first) + 0.1)
      #expect(mean("precision", last) > 0.8)
    }
    switch reliability {
    case .none, .cycas: #expect(mean("loss.isr", last) < mean("loss.isr", first))
    default: #expect(mean("probability", last) > mean("probability", first))
    }
  }

  @Test func `masked modelling learns more than the mean colour of one batch`() throws {
    let store = try FigureStore(videos: 1, frames: 2, persons: 3)
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .simmim
    recipe.simmim.steps = 120
    recipe.simmim.batch = 6
    recipe.simmim.learningRate = 5e-3
    recipe.simmim.augmentation.cropAreaMinimum = 1
    recipe.simmim.augmentation.flip = 0
    recipe.simmim.augmentation.aspectMinimum = 1
    recipe.simmim.augmentation.aspectMaximum = 1
    let trainer = try store.trainer(recipe, model: FigureStore.model(width: 8))
    let reports = try trainer.run()
    let images = try (0..<6).map { try store.source.image(at: $0) }
    let pictures = PictureBatch.tensor(
      images, extent: FigureStore.extent, preprocessing: .imageNet
    ).values
    // The best constant per picture and channel is its median; the mean is close to it.
    let size = 64 * 32
    var baseline = 0.0
    for picture in 0..<6 {
      for channel in 0..<3 {
        let values = (0..<size).map { Double(pictures[(picture * size + $0) * 3 + channel]) }
        let mean = values.reduce(0, +) / Double(size)
        baseline += values.reduce(0) { $0 + abs($1 - mean) } / Double(size * 18)
      }
    }
    let last = reports.suffix(10).reduce(0) { $0 + ($1.values["loss.simmim"] ?? .nan) } / 10
    #expect(last < 0.8 * baseline, "\(last) against \(baseline)")
    #expect((reports.first?.values["loss.simmim"] ?? 0) > baseline)
  }

  @Test(arguments: [ScheduleSettings.Objective.simmim, .isr, .both])
  func `weights that are no numbers stop the run at once`(
    _ objective: ScheduleSettings.Objective
  ) throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.schedule.objective = objective
    recipe.schedule.order = .joint
    let trainer = try store.trainer(recipe)
    try trainer.run(until: 1)
    let parameter = trainer.model.parameters[0].parameter
    parameter.value[0] = .nan
    let statistics = trainer.model.buffers.map(\.buffer.value)
    let error = #expect(throws: PretrainingError.self) { try trainer.advance() }
    #expect(error.map { "\($0)".contains("stopped at step 1") } == true)
    #expect(trainer.step == 1)
    #expect(trainer.model.buffers.map(\.buffer.value) == statistics)
    #expect(trainer.model.parameters.allSatisfy { $0.parameter.gradient == nil })
  }

  @Test func `a gradient that overflows stops the run and leaves the weights`() throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .both
    recipe.schedule.order = .joint
    recipe.schedule.jointWeight = 1e38
    recipe.isr.temperature = 0.001
    recipe.isr.reliability = .none
    let trainer = try store.trainer(recipe)
    let before = trainer.model.parameters.map(\.parameter.value)
    let error = #expect(throws: PretrainingError.self) { try trainer.advance() }
    #expect(error.map { "\($0)".contains("gradient") } == true)
    #expect(trainer.model.parameters.map(\.parameter.value) == before)
  }

  @Test func `embeddings that are all alike raise the alarm`() throws {
    let store = try FigureStore()
    let model = FigureStore.model()
    let trainer = try store.trainer(FigureStore.recipe, model: model)
    #expect(try trainer.advance().alarm == nil)
    let head = model.heads.embedding.linear
    head.weight.value = head.weight.value.scaled(by: 1e-4)
    head.bias?.value = Tensor(repeating: 1, shape: [16])
    let report = try trainer.advance()
    #expect(report.alarm?.contains("collapse") == true)
    #expect((report.values["spread"] ?? 1) < 0.01)
  }

  /// An untrained vision transformer sees hardly a difference between crops.
  @Test func `a normalised embedding spreads what a transformer finds alike`() throws {
    let store = try FigureStore()
    func spread(normalizing: Bool) throws -> Double {
      let backbone = VisionTransformer(
        .init(image: FigureStore.extent, patch: 16, width: 12, depth: 1, heads: 2),
        random: RandomStream(seed: 3))
      let model = PretrainingModel(
        backbone: backbone, embedding: 16, normalizingEmbedding: normalizing,
        random: RandomStream(seed: 3))
      let report = try store.trainer(FigureStore.recipe, model: model).advance()
      let tracked = model.buffers.first { $0.path == "heads.embedding.norm.num_batches_tracked" }
      #expect((tracked != nil) == normalizing)
      return try #require(report.values["spread"])
    }
    let (plain, normalised) = (try spread(normalizing: false), try spread(normalizing: true))
    #expect(normalised > 0.8 && normalised > plain + 0.2, "\(plain) \(normalised)")
  }

  @Test func `a step without frame pairs is said and has no loss`() throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    // The frames are a tenth of a second apart; only the widest gaps reach seven of them.
    recipe.isr.gapMinimum = 0.64
    recipe.isr.gapMaximumStart = 0.64
    recipe.isr.gapMaximumEnd = 0.7
    recipe.isr.gapWidenFraction = 0.5
    recipe.extraction.samplingRate = 60
    let reports = try store.trainer(recipe).run()
    #expect(reports[0].alarm?.contains("No frame pair could be drawn") == true)
    #expect(reports[0].values["loss.isr"] == nil && reports[0].pairs == 0)
    recipe.isr.gapMinimum = 5
    recipe.isr.gapMaximumStart = 5
    recipe.isr.gapMaximumEnd = 6
    let error = #expect(throws: PretrainingError.self) { try store.trainer(recipe) }
    #expect(error.map { "\($0)".contains("isr.gapMaximumEnd") } == true)
  }

  @Test func `recipes that do not suit the data or the backbone are refused`() throws {
    let store = try FigureStore()
    func message(_ change: (inout PretrainingRecipe) -> Void) -> String {
      var recipe = FigureStore.recipe
      change(&recipe)
      do {
        _ = try store.trainer(recipe)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message {
        $0.schedule.objective = .simmim
        $0.simmim.maskUnit = 24
      }.contains("does not divide pictures of 64x32"))
    #expect(
      message {
        $0.schedule.objective = .simmim
        $0.simmim.maskUnit = 2
      }.contains("no multiple of 4"))
    // Without masked modelling its unit does not matter.
    #expect(message { $0.simmim.maskUnit = 24 } == "")
    let lonely = try FigureStore(videos: 1, frames: 3, persons: 1)
    #expect(throws: PretrainingError.self) { try lonely.trainer(FigureStore.recipe) }
  }

  @Test func `accumulated halves equal one whole batch`() throws {
    // ViT: no batch statistics, so two half batches are the same mathematics as a whole one.
    let store = try FigureStore()
    func run(_ batch: Int, _ parts: Int) throws -> PretrainingTrainer {
      var recipe = FigureStore.recipe
      recipe.schedule.objective = .simmim
      recipe.simmim.steps = 1
      recipe.simmim.batch = batch
      recipe.simmim.warmupFraction = 0
      recipe.optimizer.gradientAccumulation = parts
      recipe.simmim.augmentation.cropAreaMinimum = 1
      recipe.simmim.augmentation.aspectMinimum = 1
      recipe.simmim.augmentation.aspectMaximum = 1
      recipe.simmim.augmentation.flip = 0
      // Everything masked: then the masks of both runs agree.
      recipe.simmim.maskRatio = 0.99
      let backbone = VisionTransformer(
        .init(image: FigureStore.extent, patch: 16, width: 12, depth: 1, heads: 2),
        random: RandomStream(seed: 3))
      let model = PretrainingModel(
        backbone: backbone, embedding: 16, random: RandomStream(seed: 3))
      let trainer = try store.trainer(recipe, model: model)
      let reports = try trainer.run()
      #expect(reports[0].images == 8)
      return trainer
    }
    let (whole, halves) = (try run(8, 1), try run(4, 2))
    for (path, value) in whole.weights {
      let other = try #require(halves.weights[path])
      // The first step of Adam is the sign of the gradient: compare where it is clear.
      let far = zip(value.values, other.values).filter { abs($0 - $1) > 1e-5 }.count
      #expect(far <= value.count / 50, "\(path): \(far) of \(value.count)")
    }
  }
}
