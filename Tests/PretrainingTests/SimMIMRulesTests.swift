import Backbones
import Gradients
import Layers
import Losses
import Recipes
import Tensors
import Testing

@testable import Pretraining

/// What the keys of `simmim` and `model` change: decay, rates, target, drop path, what is held out.
struct SimMIMRulesTests {
  private static let extent = Extent(height: 32, width: 32)

  private func model(_ name: String) throws -> PretrainingModel {
    let random = RandomStream(seed: 2)
    let backbone: any MaskableBackbone =
      switch name {
      case "vit":
        VisionTransformer(
          .relative(image: Self.extent, patch: 8, width: 12, depth: 2, heads: 3), random: random)
      case "swin":
        SwinTransformer(
          .init(
            image: Self.extent, patch: 4, width: 8, depths: [1, 1], heads: [2, 4],
            window: Extent(height: 4, width: 4)), random: random)
      default: SmallConvolutionNetwork(width: 4, image: Self.extent, random: random)
      }
    return PretrainingModel(backbone: backbone, embedding: 8, random: random)
  }

  @Test(arguments: [("vit", true), ("swin", false), ("conv", false)])
  func `the released decay differs in tables and tokens alone`(
    _ name: String, _ decaysToken: Bool
  ) throws {
    let model = try model(name)
    let token = model.backbone.maskTokenRules
    var settings = SimMIMSettings()
    #expect(settings.decay == .intended)
    for (path, parameter) in model.parameters {
      #expect(settings.decays(path, parameter, token: token) == parameter.decays)
    }
    settings.decay = .release
    var changed: [String] = []
    for (path, parameter) in model.parameters
    where settings.decays(path, parameter, token: token) != parameter.decays {
      #expect(!parameter.decays)
      changed.append(path)
    }
    #expect(changed.contains("heads.mask_token") == decaysToken)
    let tables = model.parameters.filter { $0.path.hasSuffix("relative_position_bias_table") }
    #expect(tables.isEmpty == (name == "conv"))
    #expect(changed.count == tables.count + (decaysToken ? 1 : 0))
    // What holds still is the class token, and vectors.
    #expect(!changed.contains { $0.hasSuffix("cls_token") || $0.hasSuffix("bias") })
  }

  @Test func `the trainer decays by the rule of its recipe`() throws {
    func token(_ decay: SimMIMSettings.Decay) throws -> Tensor {
      let store = try FigureStore(videos: 1, frames: 2, persons: 2)
      var recipe = FigureStore.recipe
      recipe.schedule.objective = .simmim
      recipe.simmim.steps = 2
      recipe.simmim.decay = decay
      recipe.simmim.weightDecay = 5
      recipe.simmim.learningRate = 0.01
      recipe.simmim.schedule = .step
      recipe.simmim.warmupFraction = 0
      let random = RandomStream(seed: 2)
      let trainer = try store.trainer(
        recipe,
        model: PretrainingModel(
          backbone: VisionTransformer(
            .init(image: FigureStore.extent, patch: 16, width: 12, depth: 1, heads: 3),
            random: random), embedding: 8, random: random))
      try trainer.run()
      return try #require(trainer.weights["heads.mask_token"])
    }
    #expect(try token(.intended) != token(.release))
  }

  @Test func `the rate falls along a cosine or in one step`() {
    var settings = SimMIMSettings()
    settings.learningRate = 4e-4
    settings.warmupStartRate = 2e-6
    settings.minimumRate = 4e-5
    settings.warmupFraction = 10.0 / 800
    func rates(_ steps: [Int]) -> [Double] { steps.map { Double(settings.rate(at: $0, of: 800)) } }
    func expectClose(_ found: [Double], _ expected: [Double]) {
      for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4 * b, "\(a) \(b)") }
    }
    expectClose(rates([0, 5]), [2e-6, 2.01e-4])
    #expect(rates([500])[0] < 3e-4 && rates([799])[0] < 4.1e-5)
    settings.schedule = .step
    expectClose(rates([0, 5, 10, 699, 700, 799]), [2e-6, 2.01e-4, 4e-4, 4e-4, 4e-5, 4e-5])
    settings.dropFraction = 0.5
    expectClose(rates([399, 400]), [4e-4, 4e-5])
  }

  @Test func `the target is the picture or the picture over its surroundings`() throws {
    let store = try FigureStore(videos: 1, frames: 2, persons: 2)
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .simmim
    func batch() throws -> MaskedBatch {
      let maker = BatchMaker(
        source: store.source, recipe: recipe, extent: FigureStore.extent,
        preprocessing: .imageNet, random: RandomStream(seed: 1))
      try maker.reveal(.max)
      return try maker.maskedBatch(step: 0)
    }
    let plain = try batch()
    #expect(plain.target == plain.images)
    recipe.simmim.target = .window47
    let window = try batch()
    #expect(window.images == plain.images)
    #expect(window.target == WindowStandardization(of: plain.images).standardized(plain.images))
    let trainer = try store.trainer(recipe)
    for report in try trainer.run() {
      #expect((report.values["loss.simmim"] ?? .nan).isFinite)
    }
    // Both figures are in the units of the loss, whatever the target.
    let inspector = PretrainingInspector(
      model: trainer.model, source: store.source, recipe: recipe, preprocessing: .imageNet)
    let losses = try inspector.maskedLosses(of: 0..<4)
    #expect(losses.crops == 4 && losses.network.isFinite && losses.meanColour > 0.3)
    #expect(try inspector.fillings(of: 0..<4).count == 4)
  }

  @Test func `mask tokens start as the release cuts them`() throws {
    for (name, limit) in [("vit", Float(0.02)), ("swin", 2), ("conv", 2)] {
      #expect(try model(name).backbone.maskTokenRules.limit == limit)
    }
    // One deviation is cut for vision transformers alone.
    func largest(_ backbone: any MaskableBackbone) -> Float {
      let model = PretrainingModel(backbone: backbone, embedding: 4, random: RandomStream(seed: 4))
      let token = model.parameters.first { $0.path == "heads.mask_token" }?.parameter.value
      return token?.values.map(abs).max() ?? .nan
    }
    let random = RandomStream(seed: 3)
    #expect(
      largest(
        VisionTransformer(
          .init(image: Self.extent, patch: 16, width: 192, depth: 1, heads: 3), random: random))
        <= 0.02)
    #expect(
      largest(
        SwinTransformer(
          .init(
            image: Self.extent, width: 192, depths: [1], heads: [2],
            window: Extent(height: 4, width: 4)), random: random)) > 0.03)
    #expect(
      largest(SmallConvolutionNetwork(width: 64, image: Self.extent, random: random)) > 0.03)
  }

  @Test func `a recipe sets drop path and layer scale where the network has them`() throws {
    var recipe = FigureStore.recipe
    recipe.model.backbone = "vit_tiny_patch16_224"
    func shape() throws -> VisionTransformer.Configuration {
      let made = try recipe.makeBackbone(random: .blank)
      return try #require(made.backbone as? VisionTransformer).configuration
    }
    #expect(try shape().dropPath == 0 && shape().layerScale == nil)
    recipe.model.dropPath = 0.1
    recipe.model.layerScale = 0.2
    #expect(try shape().dropPath == 0.1 && shape().layerScale == 0.2)
    recipe.model.backbone = "swin_tiny_patch4_window7_224"
    recipe.model.layerScale = -1
    let swin = try recipe.makeBackbone(random: .blank).backbone as? SwinTransformer
    #expect(swin?.configuration.dropPath == 0.1)
    recipe.model.layerScale = 0.2
    for backbone in ["swin_tiny_patch4_window7_224", "convnet_small"] {
      recipe.model.backbone = backbone
      let error = #expect(throws: PretrainingError.self) {
        _ = try recipe.makeBackbone(random: .blank)
      }
      #expect(
        error.map { "\($0)".contains("model.layerScale has no effect on") } ?? false
          || "\(error.map { "\($0)" } ?? "")".contains("model.dropPath and model.layerScale"))
    }
    #expect(NamedRecipe.paper.recipe.model.dropPath == 0.1)
  }

  @Test func `drop path acts in training, not in evaluation`() throws {
    var recipe = FigureStore.recipe
    recipe.model.backbone = "vit_tiny_patch16_224"
    recipe.model.dropPath = 0.9
    let random = RandomStream(seed: 1)
    let model = PretrainingModel(
      backbone: try recipe.makeBackbone(random: random).backbone, embedding: 4, random: random)
    let images = Variable(random.split("images").drawn(shape: [2, 64, 32, 3]))
    func embedding(_ context: ForwardContext) -> Tensor {
      model.embeddings(of: images, in: context).value
    }
    #expect(embedding(.inference()) == embedding(.inference()))
    let drawn = (0..<3).map { embedding(.preview(random: random.split($0))) }
    #expect(drawn[0] != drawn[1] || drawn[1] != drawn[2])
  }

  @Test func `the last video is held out of masked patches`() throws {
    let store = try FigureStore(videos: 3, frames: 4, persons: 2)
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .simmim
    recipe.simmim.batch = 4
    func heldOut(_ rule: SimMIMSettings.HoldOut, videos: Int) throws -> Range<Int>? {
      recipe.simmim.holdOut = rule
      return try PretrainingTrainer(
        recipe: recipe, source: store.source, model: FigureStore.model(),
        preprocessing: .imageNet, videos: videos
      ).heldOut
    }
    #expect(try heldOut(.automatic, videos: 3) == nil)
    #expect(try heldOut(.automatic, videos: 8) == 16..<24)
    #expect(try heldOut(.always, videos: 3) == 16..<24)
    #expect(try heldOut(.never, videos: 8) == nil)
    recipe.simmim.augmentation = SimMIMAugmentation()
    let maker = BatchMaker(
      source: store.source, recipe: recipe, extent: FigureStore.extent, preprocessing: .imageNet,
      random: RandomStream(seed: 1), holdsOut: true)
    try maker.reveal(.max)
    #expect(maker.maskedCrops == 16 && maker.crops == 24 && maker.heldOut == 16..<24)
    #expect(try maker.maskedBatch(step: 0).masks.count == 4)
    // A pass is over the crops that are left: 16 of them in steps of four.
    recipe.simmim.epochs = 2
    recipe.simmim.holdOut = .always
    let trainer = try PretrainingTrainer(
      recipe: recipe, source: store.source, model: FigureStore.model(), preprocessing: .imageNet,
      videos: 3)
    #expect(trainer.plan.totalSteps == 8)
  }
}

extension RandomStream {
  /// Normal numbers, without changing the stream.
  fileprivate func drawn(shape: [Int]) -> Tensor {
    var random = self
    return random.normal(shape: shape, deviation: 1)
  }
}
