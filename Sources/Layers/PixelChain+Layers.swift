public import Gradients
public import Tensors

extension PixelChain {
  /// Appends a normalisation of the channels.
  public mutating func append(_ normalization: LayerNormalization, in context: ForwardContext) {
    normalize(
      scale: context.variable(normalization.weight).value,
      shift: context.variable(normalization.bias).value, epsilon: normalization.epsilon)
  }

  /// Appends a 1×1 convolution, its outputs multiplied by `factors` before `addend` is added.
  public mutating func append(
    _ convolution: Convolution2D, scaledBy factors: Parameter? = nil, addend: Addend = .nothing,
    keeps: Bool = false, in context: ForwardContext
  ) {
    precondition(
      convolution.isPointwise && !convolution.adapters.isActive,
      "PixelChain: needs a plain 1×1 convolution, not \(convolution.geometry)")
    var weight = context.variable(convolution.weight)
    var bias = convolution.bias.map { context.variable($0) }
    if let factors {
      let all = context.variable(factors)
      let column = all.reshaped([all.value.count])
      weight = weight.multipliedByColumn(column)
      bias = bias.map { $0 * column }
    }
    map(weight: weight.value, bias: bias?.value, addend: addend, keeps: keeps)
  }
}

extension Convolution2D {
  /// Whether every pixel is mapped by itself.
  var isPointwise: Bool {
    let shape = weight.value.shape
    return shape[2] == 1 && shape[3] == 1 && stride == 1 && padding == 0 && groups == 1
  }

  /// The gate of this depthwise convolution, and the means of its places; for passes that record nothing.
  public func gated(
    _ input: Tensor, in context: ForwardContext
  ) -> (gated: Tensor, means: Tensor) {
    precondition(!adapters.isActive, "Convolution2D.gated: an adapter acts on the plain output")
    return input.gatedDepthwise(
      weight: context.variable(weight).value, bias: bias.map { context.variable($0).value },
      stride: stride, padding: padding)
  }
}
