extension VisionTransformer {
  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Picture size in pixels; both sides divide by ``patch``.
    public var image: Extent
    /// Side of a patch in pixels.
    public var patch: Int
    /// Channels of a token.
    public var width: Int
    /// Number of blocks.
    public var depth: Int
    /// Attention heads.
    public var heads: Int
    /// Hidden width of the MLP over ``width``.
    public var mlpRatio: Int
    /// Outputs of the classifier; 0 for none.
    public var classes: Int
    /// Which tokens make the feature vector.
    public var pooling: Pooling
    /// Largest drop-path rate, reached at the last block, 0 ..< 1.
    public var dropPath: Float
    /// How tokens know where they stand.
    public var positions = Positions.absolute
    /// Whether a class token stands before the patches.
    public var hasClassToken = true
    /// Further learned tokens behind the class token.
    public var registers = 0
    /// Whether the tokens before the patches have positions of their own.
    public var positionsOfPrefix = true
    /// Start of the factors of the residual branches; nil for none.
    public var layerScale: Float?
    /// Whether the final normalisation comes after pooling instead of before.
    public var normalizesAfterPooling = false
    /// Added to variances by layer normalisation; timm's is 1e-6.
    public var epsilon: Float = 1e-6

    /// How tokens know where they stand.
    public enum Positions: Sendable, Hashable {
      /// By a learned vector for each place.
      case absolute
      /// By one table of relative positions for all blocks, in BEiT's shape, as SimMIM pretrains.
      case relativeShared
      /// By a table of relative positions in each block, in BEiT's shape, as SimMIM fine-tunes.
      case relativePerBlock

      var isRelative: Bool { self != .absolute }
    }

    /// Which tokens make the feature vector.
    public enum Pooling: String, Sendable, Codable {
      /// The class token.
      case token
      /// The mean of the patch tokens.
      case mean
    }

    /// Makes a configuration of the plain network.
    public init(
      image: Extent, patch: Int = 16, width: Int, depth: Int = 12, heads: Int, mlpRatio: Int = 4,
      classes: Int = 0, pooling: Pooling = .mean, dropPath: Float = 0
    ) {
      self.image = image
      self.patch = patch
      self.width = width
      self.depth = depth
      self.heads = heads
      self.mlpRatio = mlpRatio
      self.classes = classes
      self.pooling = pooling
      self.dropPath = dropPath
    }

    /// BEiT's shape with relative positions and a layer scale of 0.1, as SimMIM's release has it.
    public static func relative(
      image: Extent, patch: Int = 16, width: Int, depth: Int = 12, heads: Int, dropPath: Float = 0,
      isShared: Bool = true
    ) -> Configuration {
      var configuration = Configuration(
        image: image, patch: patch, width: width, depth: depth, heads: heads, dropPath: dropPath)
      configuration.positions = isShared ? .relativeShared : .relativePerBlock
      configuration.layerScale = 0.1
      configuration.positionsOfPrefix = false
      configuration.normalizesAfterPooling = !isShared
      return configuration
    }

    /// Rows and columns of patches.
    var grid: Extent { Extent(height: image.height / patch, width: image.width / patch) }
    /// Tokens before the patches.
    var prefixTokens: Int { (hasClassToken ? 1 : 0) + registers }
    /// The release cuts its normal starts at one standard deviation.
    var startLimit: Float { positions.isRelative ? 0.02 : .infinity }
  }
}
