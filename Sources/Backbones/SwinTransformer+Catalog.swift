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

  /// PETALface's released network.
  static func petalFace(_ name: String) -> Self {
    Self(
      name,
      "PETALface's Swin transformer: 6-pixel patches, unmasked windows, features of all cells",
      extent: Extent(height: 120, width: 120), unit: 6,
      preprocessing: Preprocessing(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
      options: swinOptions, published: []
    ) { options, extent, random throws(BackboneError) in
      var shape = SwinTransformer.Configuration.petalFace
      shape.image = extent
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
    let widths = shape.depths.indices.map { shape.width << $0 }
    guard !shape.depths.isEmpty, shape.heads.count == shape.depths.count,
      zip(widths, shape.heads).allSatisfy({ $1 > 0 && $0 > 0 && $0 % $1 == 0 }),
      shape.window.height > 0, shape.window.width > 0
    else {
      throw .invalid(
        name: name,
        reason:
          "stages of \(widths) channels do not divide into \(shape.heads) heads, or the window "
          + "\(shape.window.height)x\(shape.window.width) is empty")
    }
    guard shape.classes == 0 || shape.featureLayer == 0 else {
      throw .invalid(name: name, reason: "it has a feature layer or a classifier, not both")
    }
    self.init(shape, random: random)
  }

  /// Names of the original repository, alone or inside a larger model: merging stands at the end of a
  /// stage, the classifier is `head`, and buffers are stored that are computed again here.
  static let publishedNames = [
    official("model."), official("encoder."), official(""), transformers,
  ]

  private static let buffers = ["relative_position_index", "attn_mask"]

  private static func official(_ prefix: String) -> WeightNaming {
    WeightNaming(
      "the original repository's",
      recognizes: { $0.contains("\(prefix)layers.0.downsample.reduction.weight") },
      ignores: { name in
        buffers.contains { name.hasSuffix($0) } || name == "encoder.mask_token"
          || !prefix.isEmpty && (name.hasPrefix("decoder.") || name.hasPrefix("\(prefix)head."))
      }
    ) { path in
      // The feature layer stands beside the network, not in it.
      if path.hasPrefix("feat.") { return [path] }
      if path.hasPrefix("head.fc.") { return [prefix + "head." + path.dropFirst(8)] }
      let parts = path.split(separator: ".", maxSplits: 2)
      if parts.count == 3, parts[0] == "layers", let stage = Int(parts[1]),
        parts[2].hasPrefix("downsample.")
      {
        return ["\(prefix)layers.\(stage - 1).\(parts[2])"]
      }
      return [prefix + path]
    }
  }

  /// Names in files of the transformers library.
  private static let transformers = WeightNaming(
    "transformers'",
    recognizes: { $0.contains("swin.embeddings.patch_embeddings.projection.weight") },
    ignores: { name in
      buffers.contains { name.hasSuffix($0) } || name == "swin.embeddings.mask_token"
        || name.hasPrefix("decoder.")
    }
  ) { path in
    let parts = path.split(separator: ".", maxSplits: 4).map(String.init)
    guard parts.count > 3, parts[0] == "layers", let stage = Int(parts[1]) else {
      return [
        path.replacing([
          ("patch_embed.proj.", "swin.embeddings.patch_embeddings.projection."),
          ("patch_embed.norm.", "swin.embeddings.norm."), ("norm.", "swin.layernorm."),
          ("head.fc.", "classifier."),
        ])
      ]
    }
    if parts[2] == "downsample" {
      return [
        "swin.encoder.layers.\(stage - 1).downsample." + parts[3...].joined(separator: ".")
      ]
    }
    let block = "swin.encoder.layers.\(stage).blocks.\(parts[3])."
    let rest = parts[4]
    if rest.hasPrefix("attn.qkv.") {
      return ["query", "key", "value"].map {
        block + "attention.self.\($0)." + rest.dropFirst("attn.qkv.".count)
      }
    }
    return [
      block
        + rest.replacing([
          ("norm1.", "layernorm_before."), ("norm2.", "layernorm_after."),
          ("attn.proj.", "attention.output.dense."),
          ("attn.relative", "attention.self.relative"), ("mlp.fc1.", "intermediate.dense."),
          ("mlp.fc2.", "output.dense."),
        ])
    ]
  }
}
