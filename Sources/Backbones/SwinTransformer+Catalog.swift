import Layers
import Tensors

extension BackboneCatalog.Entry {
  private static let swinOptions: Set<String> = [
    "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio", "window_size", "drop_path_rate",
    "feature_layer",
  ]

  /// A Swin transformer of four stages.
  static func swin(
    _ name: String, width: Int, depths: [Int], heads: [Int], featureLayer: Int = 0
  ) -> Self {
    Self(
      name,
      featureLayer > 0
        ? "the same with a layer to \(featureLayer) features, as ISR has it"
        : "Swin transformer of width \(width), \(depths.reduce(0, +)) blocks",
      extent: Extent(height: 224, width: 224), unit: 4, options: swinOptions,
      published: SwinTransformer.publishedNames
    ) { options, extent, random throws(BackboneError) in
      let shape = SwinTransformer.Configuration(
        image: extent, width: width, depths: depths, heads: heads, featureLayer: featureLayer)
      return try SwinTransformer(shape, options, name, random)
    }
  }

  /// PETALface's released network, or the same with the mask between shifted windows that its release
  /// makes and never adds.
  static func petalFace(_ name: String, isMasked: Bool = false) -> Self {
    Self(
      name,
      isMasked
        ? "the same, its shifted windows masked as in other Swin transformers"
        : "PETALface's Swin transformer: 6-pixel patches, unmasked windows, features of all cells",
      extent: Extent(height: 120, width: 120), unit: 6,
      preprocessing: Preprocessing(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
      options: swinOptions.union(["masks_borders"]),
      published: SwinTransformer.publishedNames
    ) { options, extent, random throws(BackboneError) in
      var shape = SwinTransformer.Configuration.petalFace
      shape.image = extent
      shape.masksBorders = isMasked
      return try SwinTransformer(shape, options, name, random)
    }
  }
}

extension SwinTransformer {
  /// Makes a catalogued network with some of its numbers replaced.
  convenience init(
    _ base: Configuration, _ options: BackboneOptions, _ name: String, _ random: RandomStream
  ) throws(BackboneError) {
    var shape = base
    shape.classes = options.classes
    shape.patch = options.patch ?? base.patch
    shape.width = options.width ?? base.width
    shape.depths = options.depths ?? base.depths
    shape.heads = options.heads ?? base.heads
    shape.window = options.window ?? base.window
    shape.mlpRatio = options.mlpRatio ?? base.mlpRatio
    shape.dropPath = options.dropPath ?? base.dropPath
    shape.featureLayer = options.featureLayer ?? base.featureLayer
    shape.masksBorders = options.masksBorders ?? base.masksBorders
    let widths = shape.depths.indices.map { shape.width << $0 }
    guard !shape.depths.isEmpty, shape.heads.count == shape.depths.count,
      zip(widths, shape.heads).allSatisfy({ $1 > 0 && $0 > 0 && $0 % $1 == 0 }),
      shape.window.height > 0, shape.window.width > 0, shape.depths.allSatisfy({ $0 > 0 })
    else {
      throw .invalid(
        name: name,
        reason:
          "stages of \(shape.depths) blocks and \(widths) channels do not divide into \(shape.heads) "
          + "heads, or a stage or the window \(shape.window.height)x\(shape.window.width) is empty")
    }
    let cells = shape.mapGrid.height * shape.mapGrid.width
    try BackboneError.refuse(
      name, ifBeyond: BackboneError.mostWeights, "weights",
      zip(widths, shape.depths).map { [$0, $0, $1, 4 + 2 * shape.mlpRatio] } + [
        [shape.classes, shape.mapChannels],
        [shape.featureLayer, shape.mapChannels, shape.flattensMap ? cells : 1],
      ])
    try BackboneError.refuse(
      name, ifBeyond: BackboneError.mostPairs, "pairs of cells in windows",
      shape.depths.indices.map { stage in
        let window = shape.window(stage: stage)
        return [shape.depths[stage]] + [window.height, window.width, window.height, window.width]
      })
    guard shape.classes == 0 || shape.featureLayer == 0 else {
      throw .invalid(name: name, reason: "it has a feature layer or a classifier, not both")
    }
    self.init(shape, random: random)
  }
}
