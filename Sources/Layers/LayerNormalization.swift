public import Gradients
import Tensors

/// A layer whose parameters are the scale and shift of a normalisation.
public protocol NormalizationLayer: Module {}

/// A module that adds biases itself, beside those of its layers.
public protocol BiasHolder: Module {
  /// These biases.
  var ownBiases: [Parameter] { get }
}

/// Normalises each last-axis line to mean 0 and variance 1, then scales and shifts it.
///
/// **Shape**: `[…, channels]` → the same. Biased variance.
/// **Source**: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, arXiv 1607.06450.
public final class LayerNormalization: NormalizationLayer {
  /// `[channels]`, starts at 1.
  public let weight: Parameter
  /// `[channels]`, starts at 0.
  public let bias: Parameter
  /// Added to the variance.
  public let epsilon: Float

  /// Makes the identity normalisation of `channels`.
  public init(_ channels: Int, epsilon: Float = 1e-6) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]))
    bias = Parameter(Tensor(zeros: [channels]))
    self.epsilon = epsilon
  }

  /// Normalises every line.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input.layerNormalized(
      scale: context.variable(weight), shift: context.variable(bias), epsilon: epsilon)
  }
}
