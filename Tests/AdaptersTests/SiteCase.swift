import Adapters
import Gradients
import Layers
import Tensors
import Testing

/// A network of one layer, for every kind of site that adapters meet.
enum SiteCase: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case linear, fused, part, convolution, strided, tiled, grouped, depthwise, pointwise,
    fusedPointwise

  var testDescription: String { rawValue }

  /// The pattern that names the site.
  var pattern: String {
    switch self {
    case .part: "layer[k]"
    case .fusedPointwise: "layer[q,v]"
    default: "layer"
    }
  }

  /// A network with this layer and an input for it.
  func make() -> (network: OneLayer, input: Tensor) {
    var random = RandomStream(seed: 3).split(rawValue)
    let layer: any AdaptableLayer
    var input = random.uniform(shape: [2, 6, 6, 4], bound: 1)
    func convolution(
      _ kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1, outputs: Int = 8,
      parts: [String] = []
    ) -> Convolution2D {
      Convolution2D(
        4, outputs, kernel: kernel, stride: stride, padding: padding, groups: groups, hasBias: true,
        initialization: .uniformFanIn, parts: parts, random: &random)
    }
    switch self {
    case .linear:
      layer = Linear(uniform: 8, 12, random: &random)
      input = random.uniform(shape: [2, 3, 8], bound: 1)
    case .fused, .part:
      layer = Linear(8, 24, deviation: 0.3, parts: ["q", "k", "v"], random: &random)
      input = random.uniform(shape: [2, 3, 8], bound: 1)
    case .convolution: layer = convolution(3, padding: 1)
    case .strided: layer = convolution(3, stride: 2, padding: 1, outputs: 6)
    case .tiled: layer = convolution(2, stride: 2)
    case .grouped: layer = convolution(3, padding: 1, groups: 2)
    case .depthwise: layer = convolution(3, padding: 1, groups: 4, outputs: 4)
    case .pointwise: layer = convolution(1)
    case .fusedPointwise: layer = convolution(1, outputs: 12, parts: ["q", "k", "v"])
    }
    if let bias = layer.bias {
      bias.value = random.uniform(shape: bias.value.shape, bound: 0.5)
    }
    return (OneLayer(layer), input)
  }
}

/// A module around one layer, with a normalisation behind it.
final class OneLayer: Module {
  let layer: any AdaptableLayer
  let norm: LayerNormalization

  init(_ layer: any AdaptableLayer) {
    self.layer = layer
    norm = LayerNormalization(layer.geometry.outputs)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    norm(mapped(input, in: context), in: context)
  }

  /// What the layer alone gives.
  func mapped(_ input: Variable, in context: ForwardContext) -> Variable {
    if let linear = layer as? Linear { return linear(input, in: context) }
    if let convolution = layer as? Convolution2D { return convolution(input, in: context) }
    return input
  }

  /// The output in evaluation.
  func output(_ input: Tensor) -> Tensor { self(Variable(input), in: .inference()).value }
}

/// The largest difference between two tensors of one shape.
func largestDifference(_ first: Tensor, _ second: Tensor) -> Float {
  precondition(first.shape == second.shape, "\(first.shape) and \(second.shape)")
  return zip(first.values, second.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

extension NetworkAdapter {
  /// Moves every trained number away from its start.
  func disturb(by bound: Float = 0.4) {
    for (path, parameter) in parameters {
      var random = RandomStream(seed: 9).split(path)
      parameter.value.add(random.uniform(shape: parameter.value.shape, bound: bound))
    }
  }
}
