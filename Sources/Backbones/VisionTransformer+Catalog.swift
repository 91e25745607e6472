import Layers
import Tensors

extension BackboneCatalog.Entry {
  private static let shapeOptions: Set<String> = [
    "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio", "drop_path_rate", "init_values",
    "norm_eps",
  ]
  private static let plainOptions = shapeOptions.union([
    "global_pool", "fc_norm", "class_token", "reg_tokens", "no_embed_class",
  ])

  /// A plain vision transformer.
  static func visionTransformer(
    _ name: String, width: Int, depth: Int = 12, heads: Int
  ) -> Self {
    Self(
      name, "vision transformer, \(depth) blocks of width \(width), timm's names",
      extent: Extent(height: 256, width: 128), unit: 16, options: plainOptions,
      published: VisionTransformer.publishedNames
    ) { options, extent, random throws(BackboneError) in
      try VisionTransformer(
        .init(image: extent, width: width, depth: depth, heads: heads), options, name, random)
    }
  }

  /// A vision transformer as DINOv2 trained it: layer scale, class token, patches of 14 pixels.
  static func selfDistilled(
    _ name: String, width: Int, heads: Int, registers: Int = 0
  ) -> Self {
    Self(
      name, "DINOv2's vision transformer of width \(width), \(registers) registers",
      extent: Extent(height: 518, width: 518), unit: 14, options: plainOptions,
      published: VisionTransformer.publishedNames
    ) { options, extent, random throws(BackboneError) in
      var configuration = VisionTransformer.Configuration(
        image: extent, patch: 14, width: width, heads: heads, pooling: .token)
      configuration.layerScale = 1e-5
      configuration.registers = registers
      configuration.positionsOfPrefix = registers == 0
      return try VisionTransformer(configuration, options, name, random)
    }
  }

  /// BEiT's shape: relative positions, layer scale.
  static func relativeTransformer(_ name: String, isShared: Bool) -> Self {
    let place = isShared ? "shared by all blocks, as SimMIM pretrains" : "in each block"
    return Self(
      name, "vision transformer with relative positions \(place)",
      extent: Extent(height: 224, width: 224), unit: 16, options: shapeOptions,
      published: [VisionTransformer.release, VisionTransformer.fineTuned]
    ) { options, extent, random throws(BackboneError) in
      try VisionTransformer(
        .relative(image: extent, width: 768, heads: 12, dropPath: 0.1, isShared: isShared), options,
        name, random)
    }
  }
}

extension VisionTransformer {
  /// Makes a catalogued network with some of its numbers replaced.
  convenience init(
    _ base: Configuration, _ options: BackboneOptions, _ name: String, _ random: RandomStream
  ) throws(BackboneError) {
    var shape = base
    shape.classes = options.classes
    shape.patch = options.patch ?? base.patch
    shape.width = options.width ?? base.width
    shape.heads = options.heads?.first ?? base.heads
    shape.depth = options.depths?.first ?? base.depth
    shape.mlpRatio = options.mlpRatio ?? base.mlpRatio
    shape.dropPath = options.dropPath ?? base.dropPath
    shape.pooling = options.pooling ?? base.pooling
    shape.normalizesAfterPooling = options.normalizesAfterPooling ?? base.normalizesAfterPooling
    shape.hasClassToken = options.hasClassToken ?? base.hasClassToken
    shape.registers = options.registers ?? base.registers
    shape.positionsOfPrefix = options.positionsOfPrefix ?? base.positionsOfPrefix
    shape.layerScale = options.layerScale ?? base.layerScale
    shape.epsilon = options.normEpsilon ?? base.epsilon
    guard shape.width > 0, shape.heads > 0, shape.width % shape.heads == 0, shape.depth > 0 else {
      throw .invalid(
        name: name,
        reason: "\(shape.width) channels do not divide into \(shape.heads) heads in "
          + "\(shape.depth) blocks")
    }
    guard shape.hasClassToken || shape.pooling == .mean else {
      throw .invalid(name: name, reason: "token pooling needs a class token")
    }
    try BackboneError.refuse(
      name, ifBeyond: BackboneError.mostWeights, "weights",
      [
        [shape.depth, shape.width, shape.width, 4 + 2 * shape.mlpRatio],
        [shape.classes, shape.width],
        [shape.grid.height, shape.grid.width, shape.width],
      ])
    if shape.positions.isRelative {
      let tokens = shape.grid.height * shape.grid.width
      try BackboneError.refuse(
        name, ifBeyond: BackboneError.mostPairs, "pairs of patches",
        [[shape.positions == .relativeShared ? 1 : shape.depth, tokens, tokens]])
    }
    self.init(shape, random: random)
  }
}
