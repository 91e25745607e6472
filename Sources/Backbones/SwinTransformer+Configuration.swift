extension SwinTransformer {
  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Picture size in pixels; both sides divide by ``patch``.
    public var image: Extent
    /// Side of a patch in pixels.
    public var patch: Int
    /// Channels in the first stage; each later one has twice as many.
    public var width: Int
    /// Blocks of each stage.
    public var depths: [Int]
    /// Attention heads of each stage.
    public var heads: [Int]
    /// Cells of a window; smaller maps are one window.
    public var window: Extent
    /// Hidden width of the MLP over the width of its input.
    public var mlpRatio: Int
    /// Outputs of the classifier; 0 for none.
    public var classes: Int
    /// Largest drop-path rate, reached at the last block.
    public var dropPath: Float
    /// Length of a linear map from the pooled features, as ISR has it; 0 for none.
    public var featureLayer: Int
    /// Whether cells from opposite ends of a rolled map are kept apart; PETALface's weights were
    /// trained without.
    public var masksBorders = true
    /// Whether learned positions are added to the patches, as PETALface does.
    public var hasAbsolutePositions = false
    /// Whether the feature layer sees all cells of the last map instead of their mean, as face networks
    /// do.
    public var flattensMap = false

    /// Makes a configuration.
    public init(
      image: Extent, patch: Int = 4, width: Int, depths: [Int], heads: [Int],
      window: Extent = Extent(height: 7, width: 7), mlpRatio: Int = 4, classes: Int = 0,
      dropPath: Float = 0, featureLayer: Int = 0
    ) {
      self.image = image
      self.patch = patch
      self.width = width
      self.depths = depths
      self.heads = heads
      self.window = window
      self.mlpRatio = mlpRatio
      self.classes = classes
      self.dropPath = dropPath
      self.featureLayer = featureLayer
    }

    /// PETALface's released network: 20×20 patches of 6 pixels, three stages, no mask between shifted
    /// windows, learned positions, features from all cells.
    public static let petalFace: Configuration = {
      var configuration = Configuration(
        image: Extent(height: 120, width: 120), patch: 6, width: 384, depths: [2, 18, 2],
        heads: [8, 16, 16], window: Extent(height: 5, width: 5), dropPath: 0.05, featureLayer: 512)
      configuration.masksBorders = false
      configuration.hasAbsolutePositions = true
      configuration.flattensMap = true
      return configuration
    }()

    /// Cells of the first map.
    var grid: Extent { Extent(height: image.height / patch, width: image.width / patch) }
    /// Cells of the last map.
    var mapGrid: Extent { grid(stage: depths.count - 1) }
    /// Channels of the last map.
    var mapChannels: Int { width << (depths.count - 1) }

    /// Cells of a stage's map; odd sides are rounded up when they are halved.
    func grid(stage: Int) -> Extent {
      var extent = grid
      for _ in 0..<stage {
        extent = Extent(height: (extent.height + 1) / 2, width: (extent.width + 1) / 2)
      }
      return extent
    }

    /// Cells of a stage's window: per axis no larger than the map, timm's rule.
    func window(stage: Int) -> Extent {
      let grid = grid(stage: stage)
      return Extent(
        height: min(window.height, grid.height), width: min(window.width, grid.width))
    }

    /// Cells by which the odd blocks of a stage roll the map: per axis half a window, or none where one
    /// window covers it.
    func shift(stage: Int) -> Extent {
      let grid = grid(stage: stage)
      return Extent(
        height: grid.height <= window.height ? 0 : window.height / 2,
        width: grid.width <= window.width ? 0 : window.width / 2)
    }
  }
}
