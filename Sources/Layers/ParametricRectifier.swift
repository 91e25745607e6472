public import Gradients
import Tensors

/// `x` where positive, a learned slope times `x` elsewhere, one slope per channel.
///
/// **Shape**: `[…, channels]` → the same; weight `[channels]`, starts at 0.25.
/// **Source**: K. He et al., "Delving Deep into Rectifiers", 2015, arXiv 1502.01852.
public final class ParametricRectifier: Module {
  private let weight: Parameter

  /// Makes a layer for `channels`.
  public init(_ channels: Int) {
    weight = Parameter(Tensor(repeating: 0.25, shape: [channels]))
  }

  /// Applies it.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input.parametricRectified(slope: slopes(in: context))
  }

  func slopes(in context: ForwardContext) -> Variable { context.variable(weight) }
}
