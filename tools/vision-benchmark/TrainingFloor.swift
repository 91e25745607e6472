import Backbones
import Layers
import Pretraining

/// Counts what a training step cannot do without.
///
/// Operations: two per multiply-accumulate; a step takes three forward passes' worth, less the gradient
/// of the pictures. Bytes: every stored activation is written once, read by the next layer and by the
/// backward pass, and its gradient is written and read; a parameter is read twice, its gradient
/// written, and AdamW reads four values and writes three.
struct TrainingFloor {
  private(set) var total = Floor()
  private let forward: Double
  private let first: Double
  private let stored: Double
  private let parameters: Double

  init(model: PretrainingModel, name: String, extent: Extent) {
    let backbone = model.backbone
    let area = Double(extent.height * extent.width)
    forward = Double(backbone.multiplyAccumulates + backbone.attentionMultiplyAccumulates)
    parameters = Double(model.parameterCount())
    if let transformer = backbone as? VisionTransformer {
      let (patch, width) = (
        Double(transformer.configuration.patch), Double(transformer.configuration.width)
      )
      let tokens = 1 + area / (patch * patch)
      first = 3 * area * width
      // Per token and block: two norms, query, key and value, attention, two residual sums, and
      // the hidden layer before and after its activation.
      let hidden = Double(transformer.configuration.mlpRatio)
      stored = tokens * width * (Double(transformer.configuration.depth) * (8 + 2 * hidden) + 2)
    } else if name.hasPrefix("resnet") {
      first = 147 * 64 * area / 4
      // ResNet-50's convolutions give 11.1 M values for 224×224 pixels, each kept again as normalised.
      stored = 2 * 11.1e6 * area / (224 * 224)
    } else {
      let width = Double(backbone.maskChannels)
      first = 75 * width * area / 4
      stored = 2 * width * (area / 4 + (2 + 1.5 + 0.75 + 1.5) * area / 16)
    }
  }

  /// Adds a forward and a backward pass and one optimizer step.
  mutating func train(images: Int, extraMultiplyAccumulates extra: Int = 0) {
    let count = Double(images)
    total.operations += count * (6 * (forward + Double(extra)) - 2 * first)
    total.bytes += 4 * (5 * stored * count + 10 * parameters)
  }

  /// Adds a forward pass that keeps nothing.
  mutating func infer(images: Int, extraMultiplyAccumulates extra: Int = 0) {
    let count = Double(images)
    total.operations += 2 * count * (forward + Double(extra))
    total.bytes += 4 * (2 * stored * count + parameters)
  }
}
