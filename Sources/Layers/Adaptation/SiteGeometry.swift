public import Gradients

/// The shape of the map at an adaptable site: a linear map, a convolution, or one part of a fused map.
///
/// As a matrix the weight is `[outputs, columns]`, with `columns = inputs / groups · kernelHeight ·
/// kernelWidth`.
public struct SiteGeometry: Sendable, Hashable {
  /// Kinds of layers that have sites.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// A map over the last axis.
    case linear
    /// A convolution over channels-last pictures.
    case convolution
  }

  /// The kind of the layer.
  public let kind: Kind
  /// Channels that come out, of the part alone where there is one.
  public let outputs: Int
  /// Channels that go in, of all groups together.
  public let inputs: Int
  /// Kernel rows in pixels; 1 for a linear map.
  public let kernelHeight: Int
  /// Kernel columns in pixels; 1 for a linear map.
  public let kernelWidth: Int
  /// Pixels between two windows.
  public let stride: Int
  /// Zeros added on each side, in pixels.
  public let padding: Int
  /// Channel groups that do not mix.
  public let groups: Int

  /// The geometry of a linear map.
  public init(linear inputs: Int, _ outputs: Int) {
    self.init(
      kind: .linear, outputs: outputs, inputs: inputs, kernelHeight: 1, kernelWidth: 1, stride: 1,
      padding: 0, groups: 1)
  }

  /// The geometry of a convolution.
  public init(
    convolution inputs: Int, _ outputs: Int, kernelHeight: Int, kernelWidth: Int, stride: Int = 1,
    padding: Int = 0, groups: Int = 1
  ) {
    self.init(
      kind: .convolution, outputs: outputs, inputs: inputs, kernelHeight: kernelHeight,
      kernelWidth: kernelWidth, stride: stride, padding: padding, groups: groups)
  }

  private init(
    kind: Kind, outputs: Int, inputs: Int, kernelHeight: Int, kernelWidth: Int, stride: Int,
    padding: Int, groups: Int
  ) {
    self.kind = kind
    self.outputs = outputs
    self.inputs = inputs
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
    self.groups = groups
  }

  /// Pixels of a kernel: 1 for a linear map.
  public var taps: Int { kernelHeight * kernelWidth }

  /// Columns of the weight seen as a matrix, the fan-in of one output.
  public var columns: Int { inputs / groups * taps }

  /// The shape of the weight: `[outputs, inputs]`, or `[outputs, inputs / groups, height, width]`.
  public var weightShape: [Int] { shape(outputs: outputs) }

  /// The shape of a weight of the same fan-in with another number of outputs.
  public func shape(outputs: Int) -> [Int] {
    kind == .linear
      ? [outputs, inputs] : [outputs, inputs / groups, kernelHeight, kernelWidth]
  }

  /// Whether every channel has a kernel of its own.
  public var isDepthwise: Bool { groups > 1 && groups == inputs }

  /// The same site with other outputs: one part of a fused map.
  public func part(_ range: Range<Int>) -> SiteGeometry {
    SiteGeometry(
      kind: kind, outputs: range.count, inputs: inputs, kernelHeight: kernelHeight,
      kernelWidth: kernelWidth, stride: stride, padding: padding, groups: groups)
  }

  /// Applies a weight as the layer does, without bias.
  ///
  /// **Shape**: input of the layer, weight as ``shape(outputs:)`` → output of the layer.
  public func product(
    _ input: Variable, weight: Variable, bias: Variable? = nil,
    activation: Activation = .identity, terms: [LowRankTerm] = []
  ) -> Variable {
    if kind == .linear {
      return input.linear(weight: weight, bias: bias, activation: activation, terms: terms)
    }
    let result =
      tiles(input)
      ? tiledProduct(input, weight: weight, bias: bias, terms: terms)
      : input.convolved(
        weight: weight, bias: bias, stride: stride, padding: padding, groups: groups, terms: terms)
    switch activation {
    case .identity: return result
    case .gaussianErrorLinear: return result.gaussianErrorLinear()
    }
  }

  /// Whether windows neither overlap nor leave pixels out.
  private func tiles(_ input: Variable) -> Bool {
    groups == 1 && padding == 0 && stride > 1 && kernelHeight == stride && kernelWidth == stride
      && input.shape.count == 4 && input.shape[1] % stride == 0 && input.shape[2] % stride == 0
  }

  /// A convolution whose windows tile the picture is one matrix product.
  private func tiledProduct(
    _ input: Variable, weight: Variable, bias: Variable?, terms: [LowRankTerm]
  ) -> Variable {
    let (batch, height, width) = (
      input.shape[0], input.shape[1] / stride, input.shape[2] / stride
    )
    // A mask has the layout of the picture, so it is cut into patches with it.
    let tiled = terms.map { term in
      var term = term
      term.dropped = term.dropped.map { Variable($0).patches(of: stride).value }
      return term
    }
    return input.patches(of: stride)
      .linear(weight: weight, bias: bias, terms: tiled)
      .reshaped([batch, height, width, weight.shape[0]])
  }
}
