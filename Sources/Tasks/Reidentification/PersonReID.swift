import Backbones
import Batches
public import Datasets
public import Foundation
import Gradients
public import Layers
import Losses
import Metrics
public import Recipes
public import Storage
import Tensors
public import Training

/// Learning to find the same person again, from pictures with known persons.
///
/// ```swift
/// let task = try PersonReID(data: data, recipe: recipe, start: try ModelFolder.load("runs/walk"))
/// let trainer = TaskTrainer(task, settings: recipe.training, random: random)
/// while !trainer.isFinished { _ = try trainer.advance() }
/// ```
public final class PersonReID: FinetuneTask {
  /// Pictures and persons.
  public let data: ReIDData
  /// The network and its head.
  public let model: ReIDNetwork
  /// What the checkpoint tells about the model.
  public let configuration: ModelConfiguration
  /// Something worth telling before training, one sentence each.
  public private(set) var notes: [String] = []
  /// What was kept of the start's head, in a sentence; nil where the start has none.
  public let headNote: String?
  private let recipe: ReIDRecipe
  private let preprocessing: Preprocessing
  private let maker: ReIDBatchMaker
  private let isHeadOnly: Bool
  /// Whether the network's running statistics stay as they are, because an adapter is trained or will be.
  private let holdsStatistics: Bool
  /// The adapter that is trained in place of the network's own weights, if any.
  public let adapter: TaskAdapter?
  private var cache: FrozenFeatureCache?
  /// Whether what the frozen part makes of pictures is kept; nil where nothing is frozen.
  public private(set) var frozenFeatures: String?

  /// Puts a head on the starting network and freezes what the method does not train.
  ///
  /// - Parameter adapter: how the adapter comes about.
  /// - Throws: ``TaskError``, or `DatasetError` where no batches can be drawn.
  public init(
    data: ReIDData, recipe: ReIDRecipe, start: LoadedModel, origin: String,
    adapter: AdapterStart = .recipe
  ) throws {
    try QualityGates.refuse(recipe.tuning)
    self.data = data
    self.recipe = recipe
    let random = RandomStream(seed: UInt64(recipe.seed)).split("reid")
    let isConvolutional = start.backbone.acceptsAnyExtent
    let searchesAfterNeck =
      switch recipe.reid.searchFeature {
      case .before: false
      case .after: true
      case .automatic: isConvolutional
      }
    var shape = ReIDHead.Shape(
      width: start.backbone.featureWidth,
      classes: recipe.reid.identityLoss == .none && recipe.reid.centreWeight == 0
        ? 0 : data.persons.count,
      poolsGeneralized: recipe.reid.pooling == .generalizedMean,
      comparesDirections: [.circle, .arcFace, .cosFace].contains(recipe.reid.identityLoss),
      hasCentres: recipe.reid.centreWeight > 0,
      searchesAfterNeck: searchesAfterNeck)
    if recipe.reid.cameraEmbedding > 0 {
      shape.cameras = try Self.cameras(of: data, recipe, start)
      shape.cameraWeight = Float(recipe.reid.cameraEmbedding)
    }
    if recipe.reid.jigsawParts > 0 {
      guard recipe.tuning.method != "head" else {
        throw TaskError.unsuitableSettings(
          reason:
            "reid.jigsawParts trains a copy of the network's last block, so it is not for --adapter "
            + "head; leave it out.")
      }
      shape.parts = recipe.reid.jigsawParts
    }
    shape.head = recipe.head.kind
    if recipe.head.kind == NestedHead.name { shape.shortest = recipe.head.shortest }
    if recipe.head.kind == SubspaceHead.name { shape.dimension = recipe.head.dimension }
    model = try ReIDNetwork(
      backbone: start.backbone, shape: shape, rate: Float(recipe.head.rate), random: random)
    headNote = try Self.begin(model.head, with: start, isWanted: recipe.head.start == .kept)
    isHeadOnly = recipe.tuning.method == "head"
    if isHeadOnly { model.backbone.setTrainable(false) }
    self.adapter = try TaskAdapter.make(
      recipe.tuning, adapter, on: model.backbone, random: random)
    holdsStatistics = self.adapter != nil || adapter.isProbe
    if shape.poolsGeneralized, !(start.backbone is any MaskableBackbone) {
      throw TaskError.unsuitableSettings(
        reason: "reid.pooling=generalizedMean needs a feature map, which "
          + "\(start.configuration.architecture) does not give; use reid.pooling=network.")
    }
    var configuration = start.configuration
    // Training squashes pictures to the network's size, so scoring has to.
    configuration.pretrainedCfg.cropPct = 1
    configuration.pretrainedCfg.cropMode = .squash
    configuration.pretrainedCfg.interpolation = "bilinear"
    configuration.swiftVision.embedding = 0
    configuration.swiftVision.origin = origin
    self.configuration = configuration
    preprocessing = start.preprocessing
    maker = try ReIDBatchMaker(
      data: data, recipe: recipe, extent: start.extent, preprocessing: start.preprocessing,
      random: random.split("batches"))
    if let note = maker.sampler.note { notes.append(note) }
    if isHeadOnly || self.adapter != nil { findFrozenFeatures() }
  }

  /// Decides whether what the frozen part makes of pictures is kept.
  private func findFrozenFeatures() {
    let settings = recipe.training
    let steps = settings.epochs > 0 ? self.steps(epochs: settings.epochs) : settings.steps
    let found = FrozenFeatures(
      recipe.frozenFeatures, of: model.backbone,
      part: FrozenFeatures.pass(headOnly: isHeadOnly) { model.frozenPart(in: $0) },
      pictures: .init(
        count: data.train.count,
        shown: steps * recipe.reid.personsPerBatch * recipe.reid.imagesPerPerson,
        variedKeys: recipe.augmentation.variedKeys.map { "augmentation." + $0 },
        versions: recipe.augmentation.mirroredVersions))
    (cache, frozenFeatures) = (found.cache, found.note)
  }

  /// Takes over what fits of the start's head.
  private static func begin(
    _ head: ReIDHead, with start: LoadedModel, isWanted: Bool
  ) throws -> String? {
    let folder = URL(fileURLWithPath: start.origin)
    let (found, note) = try HeadStart.found(in: folder, for: .reid, isWanted: isWanted)
    guard let old = found?.reid else { return note }
    let shape = head.shape
    let fits = old.width == shape.width
    let hasClasses =
      fits && old.classes == shape.classes && (old.head ?? LinearHead.name) == shape.head
      && old.dimension == shape.dimension
    return try HeadStart(head, folder: folder) { path in
      switch HeadStart.part(of: path) {
      case "classifier": !hasClasses || path.hasSuffix(".momentum")
      case "centres": !hasClasses
      case "sie_embed": !fits || old.cameras != shape.cameras
      case "jigsaw":
        old.parts != shape.parts || path.contains(".part.") && !hasClasses
      default: !fits
      }
    }.note(head, persons: (old.classes, shape.classes))
  }

  /// The cameras that get a vector.
  private static func cameras(
    of data: ReIDData, _ recipe: ReIDRecipe, _ start: LoadedModel
  ) throws(TaskError) -> [Int] {
    let key = "reid.cameraEmbedding"
    guard start.backbone is VisionTransformer else {
      throw .unsuitableSettings(
        reason: "\(key) adds to the tokens of a vision transformer, which "
          + "\(start.configuration.architecture) is not; leave it out.")
    }
    guard recipe.tuning.method != "head" else {
      throw .unsuitableSettings(
        reason:
          "\(key) changes what the network sees, so it is not for --adapter head; leave it out.")
    }
    let cameras = Set(data.train.compactMap(\.camera)).sorted()
    guard cameras.count > 1 else {
      throw .unsuitableSettings(
        reason:
          "\(key) needs the cameras of the training pictures, but \(cameras.count) are known; put "
          + "c1, c2 … into the file names, or leave it out.")
    }
    return cameras
  }

  /// The network with its head.
  public var network: any Module { model }

  /// Steps of a number of passes over the persons' pictures.
  public func steps(epochs: Int) -> Int { maker.steps(epochs: epochs) }

  /// The batch of any step.
  public var batches: @Sendable (Int) throws -> ReIDBatch {
    let maker = maker
    return { try maker.batch(step: $0) }
  }

  /// Pictures that could not be decoded so far.
  public var skipped: [SkippedFile] { maker.pictures.skipped }

  /// The weighted sum of identity, pair and centre loss.
  public func learn(from batch: ReIDBatch, in context: ForwardContext) throws -> TaskLoss {
    let all = features(of: batch, in: context)
    let features = all[0]
    let pieces = Array(all.dropFirst())
    let normalized = model.head.normalized(features, in: context)
    let settings = recipe.reid
    var values: [String: Double] = [:]
    var parts: [Variable] = []
    if settings.identityLoss != .none {
      let scores = model.head.scores(normalized, in: context)
      let losses = scores.map { identityLoss($0, classes: batch.classes) }
      var loss = losses.dropFirst().reduce(losses[0], +)
      if let jigsaw = model.head.parts {
        let scores = jigsaw.scores(
          jigsaw.normalized(pieces, in: context), asCosines: model.head.shape.comparesDirections,
          in: context)
        loss = Self.halved(loss, scores.map { identityLoss($0, classes: batch.classes) })
      }
      values["loss.identity"] = Double(loss.value.scalar)
      values["trainAccuracy"] = Self.accuracy(
        scores[scores.count - 1].value, classes: batch.classes)
      parts.append(loss * Float(settings.identityWeight))
    }
    if settings.pairLoss != .none {
      let losses = model.head.comparedLengths.map { length in
        pairLoss(
          length < model.head.shape.width ? features.slice(0..<length, axis: 1) : features,
          classes: batch.classes, values: &values)
      }
      var loss = losses.dropFirst().reduce(losses[0], +)
      if !pieces.isEmpty {
        // How the parts do is not told apart from the whole in the log.
        var ignored: [String: Double] = [:]
        loss = Self.halved(
          loss, pieces.map { pairLoss($0, classes: batch.classes, values: &ignored) })
      }
      values["loss.pair"] = Double(loss.value.scalar)
      parts.append(loss * Float(settings.pairWeight))
    }
    if settings.centreWeight > 0 {
      let loss = CentreLoss()(
        features, centres: model.head.centres(in: context), classes: batch.classes)
      values["loss.centre"] = Double(loss.value.scalar)
      parts.append(loss * Float(settings.centreWeight))
    }
    return TaskLoss(
      parts.dropFirst().reduce(parts[0], +), values: values, images: batch.classes.count)
  }

  /// Half the loss of the whole picture and half the mean of its parts'.
  private static func halved(_ whole: Variable, _ parts: [Variable]) -> Variable {
    whole * 0.5 + parts.dropFirst().reduce(parts[0], +) * (0.5 / Float(parts.count))
  }

  /// How pictures of a batch compare with each other by vectors of any length.
  private func pairLoss(
    _ vectors: Variable, classes: [Int], values: inout [String: Double]
  ) -> Variable {
    guard recipe.reid.pairLoss != .circle else { return CircleLoss()(vectors, persons: classes) }
    let margin = recipe.reid.pairLoss == .hardTriplet ? Float(recipe.reid.margin) : nil
    let result = TripletLoss(margin: margin)(vectors, persons: classes)
    values["separated"] = result.separated
    return result.loss
  }

  /// Classes of some heads, and the centres.
  public var ownParameters: [Parameter] { model.head.ownParameters }

  /// Moves them by rules of their own.
  public func moveOwnParameters(share: Float) {
    model.head.moveOwnParameters(
      share: share, centreRate: Float(recipe.reid.centreRate),
      centreWeight: Float(recipe.reid.centreWeight))
  }

  private func features(of batch: ReIDBatch, in context: ForwardContext) -> [Variable] {
    var (input, cut) = (Variable(batch.images), BackboneCut.pictures)
    if let cache {
      (input, cut) = (cache.output(of: batch.images, places: batch.places), cache.cut)
    } else if isHeadOnly {
      // Nothing below the head changes, so it runs as in evaluation.
      cut = model.deepestCut
      input = model.backbone.output(of: input, at: cut, in: .inference())
    }
    guard isHeadOnly || holdsStatistics else {
      return model.features(of: input, cameras: batch.cameras, in: context)
    }
    return context.withRunningStatistics {
      model.features(of: input, from: cut, cameras: batch.cameras, in: context)
    }
  }

  private func identityLoss(_ scores: Variable, classes: [Int]) -> Variable {
    let smoothing = Float(recipe.reid.smoothing)
    // Scale 64 and margin 0.35 are those of the circle form in fast-reid; 30 with 0.5 and 0.35 suit few
    // persons.
    let margin: MarginSoftmax
    switch recipe.reid.identityLoss {
    case .softmax, .none: return scores.crossEntropy(labels: classes, smoothing: smoothing)
    case .circle: margin = MarginSoftmax(.circle(0.35), scale: 64)
    case .arcFace: margin = MarginSoftmax(.angle(0.5), scale: 30)
    case .cosFace: margin = MarginSoftmax(.cosine(0.35), scale: 30)
    }
    return margin(scores, classes: classes, smoothing: smoothing)
  }

  private static func accuracy(_ scores: Tensor, classes: [Int]) -> Double {
    let (values, width) = (scores.values, scores.columns)
    let right = classes.enumerated().count { row, own in
      let line = values[(row * width)..<((row + 1) * width)]
      return line.max() == values[row * width + own]
    }
    return Double(right) / Double(max(classes.count, 1))
  }

  /// Mean average precision on the held-out persons.
  public func score() throws -> TaskScore? {
    guard !data.query.isEmpty else { return nil }
    let query = features(of: data.query)
    let gallery = features(of: data.gallery)
    let scores = try scoreRetrieval(
      queryFeatures: query.values, galleryFeatures: gallery.values,
      width: model.head.shape.searchWidth, query: query.labels, gallery: gallery.labels,
      options: RetrievalOptions(
        rule: data.usesCameras ? .crossCamera : .withoutCameras, resamplings: 0))
    return TaskScore("mAP", scores.mAP, values: ["rank1": scores.rank1, "mINP": scores.mINP])
  }

  /// Features and labels of the pictures that can be decoded.
  private func features(
    of images: [LabelledImage]
  ) -> (values: [Float], labels: RetrievalLabels) {
    var values: [Float] = []
    var kept: [LabelledImage] = []
    for start in stride(from: 0, to: images.count, by: 64) {
      let group = images[start..<min(start + 64, images.count)]
      let readable = group.compactMap { image in
        maker.pictures.imageIfReadable(image.path).map { (image, $0) }
      }
      guard !readable.isEmpty else { continue }
      func input() -> Tensor {
        PictureBatch.tensor(
          readable.map(\.1), extent: model.backbone.inputExtent, preprocessing: preprocessing)
      }
      let frozen = cache?.output(ofGroup: readable.map(\.0.path), images: input)
      values +=
        model.searchFeatures(
          of: frozen?.value ?? input(), from: cache?.cut ?? .pictures,
          cameras: readable.map(\.0.camera)
        ).values
      kept += readable.map(\.0)
    }
    return (
      values,
      RetrievalLabels(
        persons: kept.map(\.person), cameras: data.usesCameras ? kept.compactMap(\.camera) : nil,
        imageKeys: kept.map(\.path))
    )
  }

  /// Writes network, head, configuration, task description, and the adapter as a folder of its own.
  public func writeModel(to folder: URL, for purpose: ModelPurpose) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var description = TaskDescription(task: .reid, reid: model.head.shape)
    let head = TaskDescription.headName
    try ModuleWeights.write(model.head, to: folder.appendingPathComponent(head))
    if purpose == .use, let adapter {
      // The small folder has all that is not in the base: it can be sent alone.
      let small = try adapter.write(below: folder)
      try ModuleWeights.write(model.head, to: small.appendingPathComponent(head))
      try description.write(folder: small)
      let isMerged = try adapter.merged {
        try ModelFolder.write(model.backbone, configuration: configuration, to: folder)
      }
      description.needsAdapter = isMerged ? nil : true
      if !isMerged {
        try ModelFolder.write(model.backbone, configuration: configuration, to: folder)
      }
    } else {
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
