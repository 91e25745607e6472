public import Gradients
public import Tensors

/// Two-dimensional convolution over channels-last pictures.
///
/// **Shape**: `[batch, height, width, inputs]` → `[batch, outHeight, outWidth, outputs]`; weight
/// `[outputs, inputs / groups, kernelHeight, kernelWidth]` as in published checkpoints.
public final class Convolution2D: AdaptableLayer {
  /// `[outputs, inputs / groups, kernelHeight, kernelWidth]`.
  public let weight: Parameter
  /// `[outputs]`, or `nil`.
  public let bias: Parameter?
  /// Pixels between two windows.
  public let stride: Int
  /// Zeros added on each side.
  public let padding: Int
  /// Channel groups that do not mix.
  public let groups: Int
  /// Whether the backward pass computes the output again instead of keeping it.
  ///
  /// Pays where the output is large and each of its values comes from few: a map of three colours at full
  /// size, or one pixel of few channels.
  public let remakesOutput: Bool
  /// Names of equal parts computed by one fused convolution, such as `q`, `k`, `v`; empty for a plain one.
  public let parts: [String]
  /// Where adapters are plugged in.
  public let adapters = AdapterSlot()

  /// How the weights start.
  public enum Initialization: Sendable {
    /// N(0, 2 / (kernel area · outputs)).
    case heNormalFanOut
    /// Uniform in ± 1/√fan-in for weight and bias, the usual framework default.
    case uniformFanIn
    /// N(0, deviation²), redrawn outside ± `limit`, bias 0.
    case normal(deviation: Float, limit: Float = .infinity)
  }

  /// Makes a layer with a square kernel.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    hasBias: Bool = false, remakesOutput: Bool = false,
    initialization: Initialization = .heNormalFanOut, parts: [String] = [],
    random: inout RandomStream
  ) {
    precondition(
      parts.isEmpty || (groups == 1 && outputs % parts.count == 0),
      "Convolution2D: \(outputs) outputs in \(groups) groups as the parts \(parts)")
    self.parts = parts
    let shape = [outputs, inputs / groups, kernel, kernel]
    var startingBias = Tensor(zeros: [outputs])
    switch initialization {
    case .heNormalFanOut:
      let deviation = (2 / Float(kernel * kernel * outputs)).squareRoot()
      weight = Parameter(random.normal(shape: shape, deviation: deviation))
    case .uniformFanIn:
      let bound = 1 / Float(kernel * kernel * inputs / groups).squareRoot()
      weight = Parameter(random.uniform(shape: shape, bound: bound))
      if hasBias { startingBias = random.uniform(shape: [outputs], bound: bound) }
    case .normal(let deviation, let limit):
      weight = Parameter(random.normal(shape: shape, deviation: deviation, limit: limit))
    }
    bias = hasBias ? Parameter(startingBias) : nil
    self.stride = stride
    self.padding = padding
    self.groups = groups
    self.remakesOutput = remakesOutput
  }

  /// Channels, kernel, stride, padding and groups.
  public var geometry: SiteGeometry {
    let shape = weight.value.shape
    return SiteGeometry(
      convolution: shape[1] * groups, shape[0], kernelHeight: shape[2], kernelWidth: shape[3],
      stride: stride, padding: padding, groups: groups)
  }

  /// Convolves a batch, scales every output channel by `factors` and adds `residual`.
  ///
  /// The factors go into the weight, so neither the convolution's output nor its scaled copy exists; their
  /// gradient comes from that of the weight.
  public func callAsFunction(
    _ input: Variable, scaledBy factors: Parameter, addedTo residual: Variable,
    in context: ForwardContext
  ) -> Variable {
    let factors = context.variable(factors)
    // Adapters act on the unscaled output, and programs that write a network down know the plain form.
    if adapters.isActive || context.tape?.isTracing == true {
      return residual + self(input, in: context).multipliedByRow(factors)
    }
    let column = factors.reshaped([factors.value.count])
    return input.convolved(
      weight: context.variable(weight).multipliedByColumn(column),
      bias: bias.map { context.variable($0) * column },
      stride: stride, padding: padding, groups: groups, addend: residual)
  }

  /// Convolves a batch.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    guard remakesOutput, !adapters.isActive else {
      return adapters.output(of: input, layer: self, in: context)
    }
    return input.convolved(
      weight: context.variable(weight), bias: bias.map { context.variable($0) }, stride: stride,
      padding: padding, groups: groups, remakesOutput: true)
  }
}
