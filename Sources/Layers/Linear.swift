public import Gradients
public import Tensors

/// A linear map over the last axis: `y = x Wᵀ + b`.
///
/// **Shape**: `[…, inputs]` → `[…, outputs]`; weight `[outputs, inputs]`, bias `[outputs]`.
public final class Linear: AdaptableLayer {
  /// `[outputs, inputs]`.
  public let weight: Parameter
  /// `[outputs]`, or `nil`.
  public let bias: Parameter?
  /// Names of equal parts computed by one fused map, such as `q`, `k`, `v`; empty for a plain map.
  public let parts: [String]
  /// Where adapters are plugged in.
  public let adapters = AdapterSlot()

  /// Makes a layer with weights ~ N(0, `deviation`²), redrawn outside ± `limit`, and zero bias.
  public init(
    _ inputs: Int, _ outputs: Int, hasBias: Bool = true, deviation: Float = 0.02,
    limit: Float = .infinity, parts: [String] = [], random: inout RandomStream
  ) {
    self.parts = parts
    weight = Parameter(
      random.normal(shape: [outputs, inputs], deviation: deviation, limit: limit))
    bias = hasBias ? Parameter(Tensor(zeros: [outputs])) : nil
  }

  /// Makes a layer uniform in ± 1/√inputs, the usual default of a linear head.
  public init(uniform inputs: Int, _ outputs: Int, random: inout RandomStream) {
    let bound = 1 / Float(inputs).squareRoot()
    parts = []
    weight = Parameter(random.uniform(shape: [outputs, inputs], bound: bound))
    bias = Parameter(random.uniform(shape: [outputs], bound: bound))
  }

  /// `inputs` and `outputs`.
  public var geometry: SiteGeometry {
    SiteGeometry(linear: weight.value.shape[1], weight.value.shape[0])
  }

  /// Applies the map, then `activation`.
  ///
  /// A `bias` given here takes the place of the layer's own.
  public func callAsFunction(
    _ input: Variable, bias: Variable? = nil, activation: Activation = .identity,
    in context: ForwardContext
  ) -> Variable {
    adapters.output(of: input, layer: self, bias: bias, activation: activation, in: context)
  }
}
