public import Layers
public import Tensors

/// A place in a network where an adapter can act: a layer, or one part of a fused layer.
public struct AdapterSite: CustomStringConvertible {
  /// Path of the layer, such as `blocks.3.attn.qkv`.
  public let layerPath: String
  /// The part of a fused layer, such as `q`, or `nil` for the whole.
  public let part: String?
  /// The layer.
  public let layer: any AdaptableLayer
  /// The outputs of the part; `nil` for all.
  public let outputs: Range<Int>?
  /// The map at this place, the part alone where there is one.
  public let geometry: SiteGeometry
  /// How the tokens lie that flow through the layer; `nil` where the network does not say it.
  public let tokenGrid: TokenGrid?

  /// The whole of a layer.
  init(layerPath: String, layer: any AdaptableLayer, tokenGrid: TokenGrid? = nil) {
    self.layerPath = layerPath
    self.layer = layer
    self.tokenGrid = tokenGrid
    part = nil
    outputs = nil
    geometry = layer.geometry
  }

  /// One part of the layer of a site; `nil` where it has no such part.
  init?(_ site: AdapterSite, part: String) {
    guard let range = site.layer.outputs(ofPart: part) else { return nil }
    layerPath = site.layerPath
    layer = site.layer
    tokenGrid = site.tokenGrid
    self.part = part
    outputs = range
    geometry = layer.geometry.part(range)
  }

  /// The layer's path with the part in brackets: `blocks.3.attn.qkv[q]`.
  public var path: String { part.map { "\(layerPath)[\($0)]" } ?? layerPath }

  /// The base's weight here, the rows of the part alone where there is one.
  public var baseWeight: Tensor {
    outputs.map { layer.weight.value.rows($0) } ?? layer.weight.value
  }

  /// Path, kind and shape on one line.
  public var description: String {
    let shape = geometry.weightShape.map(String.init).joined(separator: "×")
    var text = "\(path)  \(geometry.kind.rawValue)  \(shape)"
    if geometry.stride > 1 { text += "  stride \(geometry.stride)" }
    if geometry.groups > 1 { text += "  groups \(geometry.groups)" }
    if part == nil, !layer.parts.isEmpty {
      text += "  parts \(layer.parts.joined(separator: ", "))"
    }
    return text
  }
}

/// A parameter of the base, described for the choice of what is tuned in full.
public struct TunableParameter {
  /// What a parameter is for.
  public enum Role: Sendable, Hashable {
    /// Weight of a linear map or convolution.
    case weight
    /// Added to the outputs of a map.
    case bias
    /// Scale or shift of a normalisation.
    case normalization
    /// Anything else: tokens, positions, gains.
    case other
  }

  /// Path in the network.
  public let path: String
  /// The parameter.
  public let parameter: Parameter
  /// What it is for.
  public let role: Role
  /// The map it belongs to, for weights and biases of layers.
  public let geometry: SiteGeometry?
}
