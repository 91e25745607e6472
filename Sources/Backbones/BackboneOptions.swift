/// What can be asked of a backbone beyond its name.
///
/// What is left out is the network's own; a network that has no use for an option refuses it.
public struct BackboneOptions: Sendable, Hashable {
  /// Picture size in pixels.
  public var image: Extent?
  /// Outputs of a classifier; 0 for none.
  public var classes = 0
  /// Which tokens make the feature vector of a transformer.
  public var pooling: VisionTransformer.Configuration.Pooling?
  /// Whether a plain transformer normalises after pooling instead of before.
  public var normalizesAfterPooling: Bool?
  /// Side of a patch in pixels.
  public var patch: Int?
  /// Channels of the first stage, or of all.
  public var width: Int?
  /// Blocks of each stage; one number for networks of one stage.
  public var depths: [Int]?
  /// Attention heads of each stage.
  public var heads: [Int]?
  /// Hidden width of an MLP over the width of its input.
  public var mlpRatio: Int?
  /// Cells of an attention window.
  public var window: Extent?
  /// Whether a class token stands before the patches.
  public var hasClassToken: Bool?
  /// Further learned tokens.
  public var registers: Int?
  /// Whether the tokens before the patches have positions of their own.
  public var positionsOfPrefix: Bool?
  /// Start of the factors of residual branches.
  public var layerScale: Float?
  /// Added to variances by layer normalisation.
  public var normEpsilon: Float?
  /// Largest drop-path rate.
  public var dropPath: Float?
  /// Stride of the last stage of a residual network, 1 or 2.
  public var lastStride: Int?
  /// Whether shifted windows keep cells from opposite ends of a map apart.
  public var masksBorders: Bool?
  /// Length of a linear feature layer behind the pooling; 0 for none.
  public var featureLayer: Int?

  /// Nothing but the picture size.
  public init(image: Extent? = nil) {
    self.image = image
  }

  /// The option names, in timm's words, that are set; classes and the picture size go for all.
  var given: Set<String> {
    let options: [(String, Bool)] = [
      ("global_pool", pooling != nil), ("fc_norm", normalizesAfterPooling != nil),
      ("patch_size", patch != nil), ("embed_dim", width != nil), ("depth", depths != nil),
      ("num_heads", heads != nil), ("mlp_ratio", mlpRatio != nil), ("window_size", window != nil),
      ("class_token", hasClassToken != nil), ("reg_tokens", registers != nil),
      ("no_embed_class", positionsOfPrefix != nil), ("init_values", layerScale != nil),
      ("drop_path_rate", dropPath != nil), ("last_stride", lastStride != nil),
      ("feature_layer", featureLayer != nil), ("norm_eps", normEpsilon != nil),
      ("masks_borders", masksBorders != nil),
    ]
    return Set(options.filter(\.1).map(\.0))
  }
}

/// Why a backbone cannot be made as asked.
public enum BackboneError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The network has no use for some options.
  case unsupported(name: String, options: [String])
  /// A value is outside what the network can be.
  case invalid(name: String, reason: String)
  /// The picture size does not suit the network.
  case unsuitableExtent(name: String, extent: Extent, unit: Int)

  /// One sentence for the person who asked.
  public var description: String {
    switch self {
    case .unsupported(let name, let options):
      "\(name) has no \(options.joined(separator: ", ")): leave it out of the model's arguments."
    case .invalid(let name, let reason):
      "\(name) cannot be made: \(reason)."
    case .unsuitableExtent(let name, let extent, let unit):
      "Pictures of \(extent.height)x\(extent.width) do not suit \(name): both sides must be multiples "
        + "of \(unit), up to 16384."
    }
  }
}
