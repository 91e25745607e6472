public import Backbones
import Foundation
import Gradients
import Layers
import Metrics
import Pretraining
import Storage
import Tensors
import Training

/// A model that is only asked for features, whatever kind it is.
///
/// ```swift
/// let extractor = try FeatureExtractor("runs/walk", position: .backbone, seed: 0)
/// let matrix = try extractor.features(of: paths)
/// ```
public final class FeatureExtractor {
  /// How a picture becomes a vector.
  enum Method {
    case network(any Backbone, head: Linear?, preparation: PicturePreparation)
    case description(any ImageFeature)
  }

  /// What was asked for: a folder, `random:BACKBONE` or `baseline:NAME`.
  public let reference: String
  /// Where the weights come from, in words.
  public let origin: String
  /// The output that is used; nil for baselines, which have only one.
  public let position: FeaturePosition?
  /// Length of a feature vector.
  public let width: Int
  /// Tells weights apart in reports; nil for baselines.
  public let fingerprint: String?
  /// Picture size of the network; nil for baselines, which take any.
  public let extent: Extent?
  /// Parameters used; 0 for baselines.
  public let parameterCount: Int
  let method: Method

  /// Opens a run folder, a model folder, `random:BACKBONE`, or `baseline:NAME`.
  ///
  /// - Parameters:
  ///   - reference: what to open.
  ///   - position: the output to use; baselines have no embedding.
  ///   - seed: seed of the weights of `random:BACKBONE`.
  /// - Throws: ``EvaluationError``, or the error of the model folder or weight file.
  public init(
    _ reference: String, position: FeaturePosition = .backbone, seed: Int = 0
  ) throws {
    self.reference = reference
    if reference.hasPrefix("baseline:") {
      let name = String(reference.dropFirst("baseline:".count))
      guard let feature = ImageFeatureCatalog.feature(named: name) else {
        throw EvaluationError.unknownBaseline(
          name: name, known: ImageFeatureCatalog.all.map(\.name))
      }
      guard position == .backbone else { throw EvaluationError.noEmbedding(model: reference) }
      method = .description(feature)
      origin = "computed from colours, without training"
      self.position = nil
      width = feature.width
      fingerprint = nil
      extent = nil
      parameterCount = 0
      return
    }
    let model = try ModelFolder.load(reference, seed: seed)
    var head: Linear?
    if position == .embedding { head = try Self.embeddingHead(of: model, reference: reference) }
    let preparation = PicturePreparation(
      model.configuration.pretrainedCfg, preprocessing: model.preprocessing)
    method = .network(model.backbone, head: head, preparation: preparation)
    let isUntrained = reference.hasPrefix("random:")
    let made = model.configuration.swiftVision.origin
    origin =
      "\(model.configuration.architecture), \(made)" + (isUntrained ? "" : ", from \(model.origin)")
    self.position = position
    width = head.map { $0.weight.value.shape[0] } ?? model.backbone.featureWidth
    let modules: [any Module] = [model.backbone] + (head.map { [$0] } ?? [])
    fingerprint = Self.fingerprint(of: modules)
    parameterCount = modules.reduce(0) { $0 + $1.parameterCount() }
    extent = model.extent
  }

  /// Computes the features of pictures that were prepared for a network.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, width]`.
  static func features(
    of pictures: Tensor, backbone: any Backbone, head: Linear?
  ) -> Tensor {
    let context = ForwardContext.inference()
    let pooled = backbone.features(of: Variable(pictures), in: context)
    return (head.map { $0(pooled, in: context) } ?? pooled).value
  }

  private static func embeddingHead(of model: LoadedModel, reference: String) throws -> Linear {
    let file = URL(fileURLWithPath: model.origin).appendingPathComponent("heads.safetensors")
    let width = model.configuration.swiftVision.embedding
    guard width > 0, FileManager.default.fileExists(atPath: file.path) else {
      throw EvaluationError.noEmbedding(model: reference)
    }
    guard let backbone = model.backbone as? any MaskableBackbone else {
      throw EvaluationError.noEmbedding(model: reference)
    }
    let whole = PretrainingModel(
      backbone: backbone, embedding: width, random: RandomStream(seed: 0))
    try ModuleWeights.read(into: whole.heads, from: file)
    return whole.heads.embedding
  }

  private static func fingerprint(of modules: [any Module]) -> String {
    var print = Fingerprint()
    for module in modules {
      let values =
        module.parameters.map { ($0.path, $0.parameter.value) }
        + module.buffers.map { ($0.path, $0.buffer.value) }
      for (path, value) in values {
        print.add(path)
        value.withPointer { print.add(UnsafeRawBufferPointer(start: $0, count: value.count * 4)) }
      }
    }
    return print.text
  }
}
