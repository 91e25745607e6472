public import Gradients
public import Tensors

/// A linear map over the last axis: `y = x Wᵀ + b`.
///
/// **Shape**: `[…, inputs]` → `[…, outputs]`; weight `[outputs, inputs]`, bias `[outputs]`.
public final class Linear: Module {
  /// `[outputs, inputs]`.
  public let weight: Parameter
  /// `[outputs]`, or `nil`.
  public let bias: Parameter?

  /// Makes a layer with weights ~ N(0, `deviation`²), redrawn outside ± `limit`, and zero bias.
  public init(
    _ inputs: Int, _ outputs: Int, hasBias: Bool = true, deviation: Float = 0.02,
    limit: Float = .infinity, random: inout RandomStream
  ) {
    weight = Parameter(
      random.normal(shape: [outputs, inputs], deviation: deviation, limit: limit))
    bias = hasBias ? Parameter(Tensor(zeros: [outputs])) : nil
  }

  /// Makes a layer uniform in ± 1/√inputs, the usual default of a linear head.
  public init(uniform inputs: Int, _ outputs: Int, random: inout RandomStream) {
    let bound = 1 / Float(inputs).squareRoot()
    weight = Parameter(random.uniform(shape: [outputs, inputs], bound: bound))
    bias = Parameter(random.uniform(shape: [outputs], bound: bound))
  }

  /// Applies the map, then `activation`.
  public func callAsFunction(
    _ input: Variable, activation: Activation = .identity, in context: ForwardContext
  ) -> Variable {
    input.linear(
      weight: context.variable(weight), bias: bias.map { context.variable($0) },
      activation: activation)
  }
}
