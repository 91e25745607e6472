import Layers

extension SwinTransformer {
  /// Names of the original repository, alone or inside a larger model (merging stands at the end of a
  /// stage, the classifier is `head`, and buffers are stored that are computed again here), and of other
  /// libraries.
  static let publishedNames =
    // The transformers library also calls a network's layers its encoder: its forms are asked first.
    ["swin.", ""].flatMap { prefix in
      [false, true].map { transformers(prefix, isCurrent: $0) }
    } + [official("model."), official("encoder."), official(""), torchvision]

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

  /// Names in files of the transformers library, with or without the name of a task's base model; its
  /// version 5 has others in memory, and files may have those too.
  static func transformers(_ prefix: String, isCurrent: Bool) -> WeightNaming {
    let attention =
      isCurrent
      ? ["q_proj", "k_proj", "v_proj"].map { "attention.\($0)" }
      : ["query", "key", "value"].map { "attention.self.\($0)" }
    let table = "relative_position_bias_table"
    let parts =
      [("norm1.", "layernorm_before."), ("norm2.", "layernorm_after.")]
      + (isCurrent
        ? [
          ("attn.proj.", "attention.o_proj."),
          ("attn.\(table)", "attention.relative_position_bias.\(table)"),
        ]
        : [
          ("attn.proj.", "attention.output.dense."),
          ("attn.\(table)", "attention.self.\(table)"), ("mlp.fc1.", "intermediate.dense."),
          ("mlp.fc2.", "output.dense."),
        ])
    return WeightNaming(
      "transformers'",
      recognizes: { $0.contains("\(prefix)encoder.layers.0.blocks.0.\(attention[0]).weight") },
      ignores: { name in
        buffers.contains { name.hasSuffix($0) } || name == "\(prefix)embeddings.mask_token"
          || name.hasPrefix("decoder.")
      }
    ) { path in
      let fields = path.split(separator: ".", maxSplits: 4).map(String.init)
      guard fields.count > 3, fields[0] == "layers", let stage = Int(fields[1]) else {
        return [
          path.replacing([
            ("patch_embed.proj.", "\(prefix)embeddings.patch_embeddings.projection."),
            ("patch_embed.norm.", "\(prefix)embeddings.norm."), ("norm.", "\(prefix)layernorm."),
            ("head.fc.", "classifier."),
          ])
        ]
      }
      if fields[2] == "downsample" {
        return [
          "\(prefix)encoder.layers.\(stage - 1).downsample."
            + fields[3...].joined(separator: ".")
        ]
      }
      let block = "\(prefix)encoder.layers.\(stage).blocks.\(fields[3])."
      if fields[4].hasPrefix("attn.qkv.") {
        return attention.map { block + $0 + fields[4].dropFirst("attn.qkv".count) }
      }
      return [block + fields[4].replacing(parts)]
    }
  }

  /// Names in files of torchvision, which counts stages and the merging between them in one list.
  static let torchvision = WeightNaming(
    "torchvision's",
    recognizes: { $0.contains("features.1.0.attn.relative_position_bias_table") },
    ignores: { name in buffers.contains { name.hasSuffix($0) } }
  ) { path in
    let fields = path.split(separator: ".", maxSplits: 4).map(String.init)
    guard fields.count > 3, fields[0] == "layers", let stage = Int(fields[1]) else {
      return [
        path.replacing([
          ("patch_embed.proj.", "features.0.0."), ("patch_embed.norm.", "features.0.2."),
          ("head.fc.", "head."),
        ])
      ]
    }
    if fields[2] == "downsample" {
      return ["features.\(2 * stage)." + fields[3...].joined(separator: ".")]
    }
    return [
      "features.\(2 * stage + 1).\(fields[3])."
        + fields[4].replacing([("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.3.")])
    ]
  }
}
