import Adapters
public import Backbones
import Foundation
import Gradients
import Layers
import Metrics
import Pretraining
import Quality
import Storage
public import Tasks
import Tensors
public import Training

/// A model that is only asked for features, whatever kind it is.
///
/// ```swift
/// let extractor = try FeatureExtractor("runs/walk", position: .backbone, seed: 0)
/// let matrix = try extractor.features(of: paths)
/// ```
public final class FeatureExtractor {
  /// How a picture becomes a vector.
  enum Method {
    /// Takes `[images, height, width, 3]` and what is known about the pictures.
    case network((Tensor, PictureFacts) -> Tensor, preparation: PicturePreparation)
    case description(any ImageFeature)
  }

  /// What is known about pictures beside their pixels.
  struct PictureFacts {
    /// How good each is, for adapters that ask.
    var qualities: [Float]?
    /// The camera of each, for heads that ask.
    var cameras: [Int?]?
  }

  /// What was asked for: a folder, `random:BACKBONE` or `baseline:NAME`.
  public let reference: String
  /// Where the weights come from, in words.
  public let origin: String
  /// The output that is used; nil for baselines, which have only one.
  public let position: FeaturePosition?
  /// Length of a feature vector.
  public let width: Int
  /// Length of the model's vector, of which ``width`` numbers are compared.
  public let fullWidth: Int
  /// Lengths that the model was trained to be cut to, ascending; empty where it was not.
  public let trainedLengths: [Int]
  /// Tells weights apart in reports; nil for baselines.
  public let fingerprint: String?
  /// Picture size of the network; nil for baselines, which take any.
  public let extent: Extent?
  /// What is probably wrong with how the model has its pictures prepared, a sentence each.
  public let preparationMistakes: [String]
  /// What is told about the model's opening; nil for baselines.
  public let loadNotice: LoadNotice?
  /// What was left out of adapter folders, in a sentence each.
  public let adapterNotes: [String]
  /// Parameters used; 0 for baselines.
  public let parameterCount: Int
  /// Rows and columns of prepared faces, where the model was fine-tuned for them.
  public let facePictureSize: Int?
  /// How an adapter wants the quality of pictures measured; nil where none asks.
  let quality: (any QualityMetric)?
  let method: Method

  /// Opens a run folder, a model folder, `random:BACKBONE`, or `baseline:NAME`.
  ///
  /// - Parameters:
  ///   - reference: what to open.
  ///   - position: the output to use; nil takes that of a fine-tuned model's task, else the backbone's.
  ///   - adapters: adapter folders to put on the network, beside the one that a model folder needs; the
  ///     head of the last one that has a head is taken. Several are added up.
  ///   - seed: seed of the weights of `random:BACKBONE`.
  ///   - length: how many of the vector's first numbers are compared; nil for all.
  ///   - fitting: what a baseline such as `baseline:histogram-lda` is fitted on.
  ///   - qualityBuckets: merged copies of an adapter that blends by quality, one of which serves each
  ///     picture; 0 blends for each picture.
  /// - Throws: ``EvaluationError``, or the error of the model folder, weight file or adapter.
  public init(
    _ reference: String, position: FeaturePosition? = nil, adapters: AdapterFolders = [],
    seed: Int = 0,
    length: Int? = nil, fitting: FittingPictures? = nil, qualityBuckets: Int = 0
  ) throws {
    self.reference = reference
    if reference.hasPrefix("baseline:") {
      guard adapters.paths.isEmpty else { throw EvaluationError.noNetwork(model: reference) }
      guard position == nil || position == .backbone else {
        throw EvaluationError.noEmbedding(model: reference)
      }
      let feature = try Self.baseline(reference, fitting: fitting)
      method = .description(feature)
      origin = Self.origin(of: feature, fitting: fitting)
      self.position = nil
      guard length ?? feature.width == feature.width else {
        throw EvaluationError.noLength(model: reference, length: length ?? 0, width: feature.width)
      }
      width = feature.width
      fullWidth = width
      trainedLengths = []
      fingerprint = nil
      preparationMistakes = []
      loadNotice = nil
      adapterNotes = []
      extent = nil
      parameterCount = 0
      facePictureSize = nil
      quality = nil
      return
    }
    let model = try ModelFolder.load(reference, seed: seed)
    let adapted = try ModelAdapters(adapters, on: model.backbone, of: model.origin)
    let description = adapted.description
    facePictureSize = description?.face?.pictureSize
    adapterNotes = adapted.notes
    quality = adapted.quality
    let bucketed = qualityBuckets > 0 ? try adapted.bucketed(qualityBuckets) : nil
    func described(
      _ images: Tensor, _ qualities: [Float]?, by pass: (Variable, ForwardContext) -> Variable
    ) -> Tensor {
      if let bucketed, let qualities { return bucketed.run(images, quality: qualities, pass) }
      let context = ForwardContext.inference()
      context.quality = qualities
      return pass(Variable(images), context).value
    }
    let position =
      position ?? (description?.reid == nil && description?.face == nil ? .backbone : .task)
    let preparation = PicturePreparation(
      model.configuration.pretrainedCfg, preprocessing: model.preprocessing)
    let backbone = model.backbone
    var modules: [any Module] = [backbone]
    let whole: Int
    var lengths: [Int] = []
    let describe: (Tensor, PictureFacts) -> Tensor
    switch position {
    case .backbone:
      whole = backbone.featureWidth
      describe = { described($0, $1.qualities) { backbone.features(of: $0, in: $1) } }
    case .embedding:
      let head = try Self.embeddingHead(of: model, reference: reference)
      modules.append(head)
      whole = head.width
      describe = { described($0, $1.qualities) { head(backbone.features(of: $0, in: $1), in: $1) } }
    case .task:
      let headFile = adapted.headFolder.appendingPathComponent(TaskDescription.headName)
      if let shape = description?.face {
        let network = try FaceNetwork(
          backbone: backbone, shape: shape, random: RandomStream(seed: 0))
        try ModuleWeights.read(into: network.head, from: headFile)
        modules.append(network.head)
        whole = shape.length
        lengths = network.head.comparedLengths
        describe = {
          described($0, $1.qualities) {
            network.head.embedded(backbone.features(of: $0, in: $1), in: $1)
          }
        }
        break
      }
      guard let shape = description?.reid else {
        throw EvaluationError.noTask(model: reference)
      }
      let network = try ReIDNetwork(backbone: backbone, shape: shape, random: RandomStream(seed: 0))
      try ModuleWeights.read(into: network.head, from: headFile)
      modules.append(network.head)
      whole = shape.searchWidth
      // Vectors of parts stand behind the whole picture's, whose beginnings alone are trained for.
      lengths = shape.parts == nil ? network.head.comparedLengths : []
      describe = { network.searchFeatures(of: $0, cameras: $1.cameras) }
    }
    guard (1...whole).contains(length ?? whole) else {
      throw EvaluationError.noLength(model: reference, length: length ?? 0, width: whole)
    }
    let cut = length ?? whole
    width = cut
    fullWidth = whole
    trainedLengths = lengths.count > 1 ? lengths : []
    method = .network(
      cut == whole
        ? describe : { Variable(describe($0, $1)).slice(0..<cut, axis: 1).value },
      preparation: preparation)
    preparationMistakes = model.configuration.pretrainedCfg.mistakes
    loadNotice = LoadNotice(model)
    let isUntrained = reference.hasPrefix("random:")
    let made = model.configuration.swiftVision.origin
    origin =
      "\(model.configuration.architecture), \(made)" + (isUntrained ? "" : ", from \(model.origin)")
    self.position = position
    fingerprint = Self.fingerprint(of: modules, adapters: adapted.values)
    parameterCount = modules.reduce(adapted.parameterCount) { $0 + $1.parameterCount() }
    extent = model.extent
  }

  private static func baseline(
    _ reference: String, fitting: FittingPictures?
  ) throws -> any ImageFeature {
    let name = String(reference.dropFirst("baseline:".count))
    if let feature = ImageFeatureCatalog.feature(named: name) { return feature }
    guard let base = ImageFeatureCatalog.fittedBase(named: name) else {
      throw EvaluationError.unknownBaseline(name: name, known: ImageFeatureCatalog.names)
    }
    guard let fitting else { throw EvaluationError.nothingToFitOn(model: reference) }
    return DiscriminantFeature(base: base, discriminant: try fitting.discriminant(of: base))
  }

  private static func origin(of feature: any ImageFeature, fitting: FittingPictures?) -> String {
    guard let fitted = feature as? DiscriminantFeature, let fitting else {
      return "computed from colours, without training"
    }
    let discriminant = fitted.discriminant
    return "linear discriminants of \(fitted.base.name), shrinkage "
      + "\(LinearDiscriminant.defaultShrinkage), fitted on \(discriminant.rowCount) training pictures "
      + "of \(discriminant.classCount) persons in \(fitting.path)"
  }

  private static func embeddingHead(of model: LoadedModel, reference: String) throws
    -> EmbeddingHead
  {
    let file = URL(fileURLWithPath: model.origin).appendingPathComponent("heads.safetensors")
    let width = model.configuration.swiftVision.embedding
    guard width > 0, FileManager.default.fileExists(atPath: file.path) else {
      throw EvaluationError.noEmbedding(model: reference)
    }
    guard let backbone = model.backbone as? any MaskableBackbone else {
      throw EvaluationError.noEmbedding(model: reference)
    }
    // Its file alone tells whether a normalisation belongs to the head.
    let isNormalized = try SafetensorsFile(contentsOf: file).tensors.contains {
      $0.name == "embedding.norm.weight"
    }
    let whole = PretrainingModel(
      backbone: backbone, embedding: width,
      normalizingEmbedding: isNormalized, random: RandomStream(seed: 0))
    try ModuleWeights.read(into: whole.heads, from: file)
    return whole.heads.embedding
  }

  private static func fingerprint(
    of modules: [any Module], adapters: [(path: String, value: Tensor)]
  ) -> String {
    var print = Fingerprint()
    let own: [(path: String, value: Tensor)] = modules.flatMap { module in
      module.parameters.map { (path: $0.path, value: $0.parameter.value) }
        + module.buffers.map { (path: $0.path, value: $0.buffer.value) }
    }
    for (path, value) in own + adapters {
      print.add(path)
      value.withPointer { print.add(UnsafeRawBufferPointer(start: $0, count: value.count * 4)) }
    }
    return print.text
  }
}
