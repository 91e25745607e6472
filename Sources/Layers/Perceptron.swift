public import Gradients
public import Tensors

/// Two linear maps with an exact GELU between them.
///
/// **Shape**: `[…, width]` → `[…, width]`.
public final class Perceptron: Module {
  private let fc1: Linear
  private let fc2: Linear

  /// Makes the two maps.
  ///
  /// Weights start normal, redrawn outside ± `limit`; those of the second map are then divided by
  /// `outputDivisor`.
  public init(
    width: Int, hidden: Int, limit: Float = .infinity, outputDivisor: Float = 1,
    random: inout RandomStream
  ) {
    fc1 = Linear(width, hidden, limit: limit, random: &random)
    fc2 = Linear(hidden, width, limit: limit, random: &random)
    if outputDivisor != 1 { fc2.weight.value = fc2.weight.value.scaled(by: 1 / outputDivisor) }
  }

  /// Whether an adapter acts on one of the maps.
  public var isAdapted: Bool { fc1.adapters.isActive || fc2.adapters.isActive }

  /// Applies both maps.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    fc2(fc1(input, activation: .gaussianErrorLinear, in: context), in: context)
  }
}
