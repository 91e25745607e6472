public import Adapters
import Backbones
import Batches
public import Datasets
public import Foundation
import Gradients
public import Layers
import Losses
import Metrics
public import Quality
public import Recipes
public import Storage
import Tensors
public import Training

/// Learning to tell faces apart, from pictures with known persons.
///
/// ```swift
/// let task = try FaceRecognition(data: data, recipe: recipe, start: try ModelFolder.load("runs/walk"))
/// let trainer = TaskTrainer(task, settings: recipe.training, random: random)
/// while !trainer.isFinished { _ = try trainer.advance() }
/// ```
public final class FaceRecognition: FinetuneTask {
  /// Pictures and persons.
  public let data: FaceData
  /// The network and its head.
  public let model: FaceNetwork
  /// What the checkpoint tells about the model.
  public let configuration: ModelConfiguration
  /// Something worth telling before training, one sentence each.
  public private(set) var notes: [String] = []
  /// What was kept of the start's head, in a sentence; nil where the start has none.
  public let headNote: String?
  private let recipe: FaceRecipe
  private let preprocessing: Preprocessing
  private let maker: FaceBatchMaker
  private let sampler: ClassSampler
  private let isHeadOnly: Bool
  /// Whether the network's running statistics stay as they are, because an adapter is trained or will be.
  private let holdsStatistics: Bool
  /// How good pictures are, where an adapter asks for it.
  private let quality: (any QualityMetric)?
  /// The adapter that is trained in place of the network's own weights, if any.
  public let adapter: TaskAdapter?
  private var cache: FrozenFeatureCache?
  /// Whether what the frozen part makes of pictures is kept; nil where nothing is frozen.
  public private(set) var frozenFeatures: String?

  /// Puts a head, and an adapter where the method is one, on the starting network and freezes what the
  /// method does not train.
  ///
  /// - Parameters:
  ///   - adapter: how the adapter comes about.
  ///   - quality: the measure of quality for gated adapters; `nil` for the one that the recipe names, if it
  ///     needs no training.
  /// - Throws: ``TaskError``, `AdapterError`, or `QualityError` for a measure that is not there.
  public init(
    data: FaceData, recipe: FaceRecipe, start: LoadedModel, origin: String,
    adapter: AdapterStart = .recipe, quality: (any QualityMetric)? = nil
  ) throws {
    self.data = data
    self.recipe = recipe
    let random = RandomStream(seed: UInt64(recipe.seed)).split("face")
    var shape = FaceHead.Shape(
      width: start.backbone.featureWidth, embedding: recipe.face.embedding,
      classes: data.persons.count, pictureSize: recipe.face.alignedSize)
    shape.head = recipe.head.kind
    if recipe.head.kind == NestedHead.name { shape.shortest = recipe.head.shortest }
    if recipe.head.kind == SubspaceHead.name { shape.dimension = recipe.head.dimension }
    model = try FaceNetwork(
      backbone: start.backbone, shape: shape, rate: Float(recipe.head.rate), random: random)
    headNote = try Self.begin(model.head, with: start, recipe)
    isHeadOnly = recipe.tuning.method == "head"
    var configuration = start.configuration
    configuration.swiftVision.embedding = 0
    configuration.swiftVision.origin = origin
    self.configuration = configuration
    preprocessing = start.preprocessing
    let gated = adapter.isProbe ? nil : try QualityGates.method(recipe.tuning)
    self.quality = try gated.map { try quality ?? QualityCatalog.metric(named: $0.metric) }
    maker = FaceBatchMaker(
      data: data, recipe: recipe, extent: start.extent, preprocessing: start.preprocessing,
      keepsPictures: gated != nil, random: random.split("batches"))
    sampler = ClassSampler(
      count: data.persons.count, share: recipe.face.classShare, random: random.split("classes"))
    if isHeadOnly { model.backbone.setTrainable(false) }
    var measured: [String: String] = [:]
    if let gated, let metric = self.quality, case .recipe = adapter {
      let gates = try QualityGates(
        gated, isGiven: recipe.tuning.adapter["threshold"] != nil, by: metric,
        pictures: maker.someImages())
      measured = gates.settings
      notes.append(gates.note)
    }
    self.adapter = try TaskAdapter.make(
      recipe.tuning, adapter, measured: measured, on: model.backbone, random: random)
    holdsStatistics = self.adapter != nil || adapter.isProbe
    if recipe.face.classStart == .means { startFromMeans() }
    if isHeadOnly || self.adapter != nil { findFrozenFeatures() }
  }

  /// Decides whether what the frozen part makes of pictures is kept.
  private func findFrozenFeatures() {
    let settings = recipe.training
    let steps = settings.epochs > 0 ? self.steps(epochs: settings.epochs) : settings.steps
    let found = FrozenFeatures(
      recipe.frozenFeatures, of: model.backbone,
      part: FrozenFeatures.pass(headOnly: isHeadOnly) {
        (model.backbone as? any SequentialBackbone)?.frozenPart(in: $0)
      },
      pictures: .init(
        count: data.train.count,
        shown: steps * min(recipe.face.batchSize, data.train.count),
        variedKeys: recipe.augmentation.variedKeys.map { "augmentation." + $0 }
          + (recipe.face.lowResolution > 0 ? ["face.lowResolution"] : []),
        versions: recipe.augmentation.mirroredVersions))
    (cache, frozenFeatures) = (found.cache, found.note)
  }

  /// Takes over what fits of the start's head.
  private static func begin(
    _ head: FaceHead, with start: LoadedModel, _ recipe: FaceRecipe
  ) throws -> String? {
    let folder = URL(fileURLWithPath: start.origin)
    let (found, note) = try HeadStart.found(
      in: folder, for: .face, isWanted: recipe.head.start == .kept)
    guard let old = found?.face else { return note }
    let shape = head.shape
    let isProjected = old.width == shape.width && old.embedding == shape.embedding
    let hasClasses =
      isProjected && old.classes == shape.classes && (old.head ?? LinearHead.name) == shape.head
      && old.dimension == shape.dimension && recipe.face.classStart == .noise
    return try HeadStart(head, folder: folder) { path in
      // The adaptive margin's lengths belong to the projection; the motion of subspaces is over.
      HeadStart.part(of: path) == "classifier"
        ? !hasClasses || path.hasSuffix(".momentum") : !isProjected
    }.note(head, persons: (old.classes, shape.classes))
  }

  /// Whether a recipe asks for an adapter whose measure of quality is a trained network.
  public static func learnsQuality(_ recipe: FaceRecipe) throws(AdapterError) -> Bool {
    try QualityGates.method(recipe.tuning)?.metric == LearnedQuality.name
  }

  /// The vectors of the classes start as the mean direction of their pictures.
  private func startFromMeans() {
    let (values, kept) = vectors(of: data.train)
    let length = model.head.shape.length
    let means = TemplatePooling.meanOfUnits.pooled(
      values, width: length, templates: kept.map { data.classes[$0] }, count: data.persons.count)
    model.head.setClasses(Tensor(means, shape: [data.persons.count, length]))
  }

  /// The network with its head.
  public var network: any Module { model }

  /// Steps of a number of passes over the pictures; a last batch that is not full is left out.
  public func steps(epochs: Int) -> Int { maker.steps(epochs: epochs) }

  /// The batch of any step.
  public var batches: @Sendable (Int) throws -> FaceBatch {
    let maker = maker
    return { try maker.batch(step: $0) }
  }

  /// Pictures that could not be decoded so far.
  public var skipped: [SkippedFile] { maker.skipped }

  /// How pictures are prepared.
  public var preparation: FacePreparation { maker.preparation }

  /// Cross-entropy over the cosines with all persons, or with those that the step looks at.
  public func learn(from batch: FaceBatch, in context: ForwardContext) throws -> TaskLoss {
    let qualities = quality.flatMap { metric in batch.pictures.map(metric.quality(of:)) }
    context.quality = qualities
    let embedded = model.head.embedded(features(of: batch, in: context), in: context)
    let choice = sampler.choice(present: batch.classes, step: batch.step)
    let cosines = model.head.cosines(embedded, classes: choice?.classes, in: context)
    let labels = choice?.labels ?? batch.classes
    let norms = recipe.face.loss == .adaFace ? lengthQualities(embedded.value) : nil
    let losses = cosines.map { margin($0, classes: labels, qualities: norms) }
    let loss = losses.dropFirst().reduce(losses[0], +)
    var values = [
      "trainAccuracy": Self.accuracy(cosines[cosines.count - 1].value, classes: labels)
    ]
    if let qualities {
      values["quality"] = Double(qualities.reduce(0, +)) / Double(max(qualities.count, 1))
    }
    return TaskLoss(loss, values: values, images: batch.classes.count)
  }

  private func features(of batch: FaceBatch, in context: ForwardContext) -> Variable {
    let images = Variable(batch.images)
    if let cache {
      let frozen = cache.output(of: batch.images, places: batch.places)
      return context.withRunningStatistics {
        model.backbone.features(of: frozen, from: cache.cut, in: context)
      }
    }
    if isHeadOnly { return model.backbone.features(of: images, in: .inference()) }
    guard holdsStatistics else { return model.backbone.features(of: images, in: context) }
    return context.withRunningStatistics { model.backbone.features(of: images, in: context) }
  }

  /// Classes of some heads.
  public var ownParameters: [Parameter] { model.head.ownParameters }

  /// Moves them by a rule of their own.
  public func moveOwnParameters(share: Float) { model.head.moveOwnParameters(share: share) }

  private var margin: MarginSoftmax {
    let settings = recipe.face
    let size = Float(settings.margin)
    let margin: MarginSoftmax.Margin =
      switch settings.loss {
      case .arcFace: .angle(size)
      case .cosFace: .cosine(size)
      case .adaFace: .adaptive(size)
      case .softmax: .none
      }
    return MarginSoftmax(
      margin, scale: Float(settings.scale),
      marginGradient: settings.marginGradient == .exact ? .exact : .straightThrough)
  }

  /// Qualities by the lengths of the vectors; their running values live in the head's buffer.
  private func lengthQualities(_ embedded: Tensor) -> [Float] {
    let width = embedded.columns
    let values = embedded.values
    let lengths = (0..<embedded.rows).map { row in
      values[(row * width)..<((row + 1) * width)].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let before = model.head.lengths.value.values
    var running = FeatureNormQuality(mean: before[0], deviation: before[1])
    let qualities = running.update(with: lengths)
    model.head.lengths.value = Tensor([running.mean, running.deviation], shape: [2])
    return qualities
  }

  private static func accuracy(_ scores: Tensor, classes: [Int]) -> Double {
    let (values, width) = (scores.values, scores.columns)
    let right = classes.enumerated().count { row, own in
      values[(row * width)..<((row + 1) * width)].max() == values[row * width + own]
    }
    return Double(right) / Double(max(classes.count, 1))
  }

  /// Area under the curve of pairs of the held-out persons, and how many probes find their person.
  public func score() throws -> TaskScore? {
    guard let test = data.heldOut, let pairs = test.pairs.first else { return nil }
    let length = model.head.shape.length
    let (values, kept) = vectors(of: pairs.pictures)
    var places: [Int: Int] = [:]
    for (place, picture) in kept.enumerated() { places[picture] = place }
    func row(_ picture: Int) -> ArraySlice<Float>? {
      places[picture].map { values[($0 * length)..<(($0 + 1) * length)] }
    }
    var (first, second, isSame): ([Float], [Float], [Bool]) = ([], [], [])
    let readable = pairs.readable { places[$0.first] != nil && places[$0.second] != nil }
    for place in readable.places {
      let pair = pairs.pairs[place]
      first += row(pair.first) ?? []
      second += row(pair.second) ?? []
      isSame.append(pair.isSame)
    }
    guard readable.foldSizes?.count ?? 10 > 1 else { return nil }
    let scores = try FaceVerification(
      first: first, second: second, width: length, isSame: isSame,
      foldSizes: readable.foldSizes)
    return TaskScore(
      "auc", scores.curve.area,
      values: [
        "accuracy": scores.accuracy, "tar": scores.curve.point(nearest: 0.01).trueAcceptRate,
      ]
    )
  }

  /// Vectors of the pictures that can be decoded, and their places.
  private func vectors(of pictures: [FacePicture]) -> (values: [Float], kept: [Int]) {
    var values: [Float] = []
    var kept: [Int] = []
    for start in stride(from: 0, to: pictures.count, by: 64) {
      let group = (start..<min(start + 64, pictures.count)).compactMap { place in
        maker.imageIfReadable(pictures[place]).map { (place, $0) }
      }
      guard !group.isEmpty else { continue }
      let images = group.map(\.1)
      func input() -> Tensor {
        PictureBatch.tensor(
          images, extent: model.backbone.inputExtent, preprocessing: preprocessing)
      }
      let frozen = cache?.output(ofGroup: group.map { pictures[$0.0].path }, images: input)
      values +=
        model.vectors(
          of: frozen?.value ?? input(), from: cache?.cut ?? .pictures,
          qualities: quality?.quality(of: images)
        ).values
      kept += group.map(\.0)
    }
    return (values, kept)
  }

  /// Writes network, head, configuration, task description, and the adapter as a folder of its own that
  /// also holds the head: with the base it is the whole model.
  public func writeModel(to folder: URL, for purpose: ModelPurpose) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var description = TaskDescription(task: .face, face: model.head.shape)
    let head = TaskDescription.headName
    try ModuleWeights.write(model.head, to: folder.appendingPathComponent(head))
    var isWritten = false
    if purpose == .use, let adapter {
      let small = try adapter.write(
        below: folder,
        facts: quality.map { [TaskAdapter.qualityFact: $0.name] } ?? [:])
      try (quality as? LearnedQuality)?.write(
        to: small.appendingPathComponent(LearnedQuality.fileName))
      try ModuleWeights.write(model.head, to: small.appendingPathComponent(head))
      try description.write(folder: small)
      isWritten = try adapter.merged {
        try ModelFolder.write(model.backbone, configuration: configuration, to: folder)
      }
      description.needsAdapter = isWritten ? nil : true
    }
    if !isWritten {
      try ModelFolder.write(model.backbone, configuration: configuration, to: folder)
    }
    try description.write(folder: folder)
  }

  /// Reads network and head.
  public func readModel(from folder: URL) throws {
    cache?.forget()
    try ModuleWeights.read(
      into: model.backbone, from: folder.appendingPathComponent(ModelConfiguration.weightsName))
    try ModuleWeights.read(
      into: model.head, from: folder.appendingPathComponent(TaskDescription.headName))
  }
}
