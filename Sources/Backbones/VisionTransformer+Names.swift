import Layers

extension VisionTransformer {
  /// Names in other libraries.
  static let publishedNames = [transformers("vit."), transformers(""), torchvision]

  /// Names in files of the transformers library, with or without the name of a task's base model.
  static func transformers(_ prefix: String) -> WeightNaming {
    WeightNaming(
      "transformers'", recognizes: { $0.contains("\(prefix)embeddings.cls_token") },
      ignores: { name in
        // What belongs to other tasks on the same network.
        name == "\(prefix)embeddings.mask_token" || name.hasPrefix("\(prefix)pooler.")
          || name.hasPrefix("decoder.")
      }
    ) { path in
      switch path {
      case "cls_token": return ["\(prefix)embeddings.cls_token"]
      case "pos_embed": return ["\(prefix)embeddings.position_embeddings"]
      default: break
      }
      guard let (block, rest) = blockPath(path) else {
        return [
          path.replacing(
            [
              ("patch_embed.proj.", "\(prefix)embeddings.patch_embeddings.projection."),
              ("norm.", "\(prefix)layernorm."), ("head.", "classifier."),
            ])
        ]
      }
      let layer = "\(prefix)encoder.layer.\(block)."
      if rest.hasPrefix("attn.qkv.") {
        return ["query", "key", "value"].map {
          layer + "attention.attention.\($0)." + rest.dropFirst("attn.qkv.".count)
        }
      }
      return [
        layer
          + rest.replacing([
            ("norm1.", "layernorm_before."), ("norm2.", "layernorm_after."),
            ("attn.proj.", "attention.output.dense."), ("mlp.fc1.", "intermediate.dense."),
            ("mlp.fc2.", "output.dense."),
          ])
      ]
    }
  }

  /// Names in files of torchvision.
  static let torchvision = WeightNaming(
    "torchvision's", recognizes: { $0.contains("encoder.pos_embedding") }
  ) { path in
    switch path {
    case "cls_token": return ["class_token"]
    case "pos_embed": return ["encoder.pos_embedding"]
    default: break
    }
    guard let (block, rest) = blockPath(path) else {
      return [
        path.replacing([
          ("patch_embed.proj.", "conv_proj."), ("norm.", "encoder.ln."), ("head.", "heads.head."),
        ])
      ]
    }
    return [
      "encoder.layers.encoder_layer_\(block)."
        + rest.replacing([
          ("norm1.", "ln_1."), ("norm2.", "ln_2."),
          ("attn.qkv.", "self_attention.in_proj_"), ("attn.proj.", "self_attention.out_proj."),
          ("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.3."),
        ])
    ]
  }

  /// Names in files of SimMIM's release, which keeps the encoder beside the decoder.
  static let release = WeightNaming(
    "SimMIM's", recognizes: { $0.contains("encoder.cls_token") },
    ignores: {
      $0.hasSuffix("relative_position_index") || $0 == "encoder.mask_token"
        || $0.hasPrefix("decoder.")
    }
  ) { ["encoder." + $0] }

  private static func blockPath(_ path: String) -> (block: Substring, rest: String)? {
    let parts = path.split(separator: ".", maxSplits: 2)
    guard parts.count == 3, parts[0] == "blocks" else { return nil }
    return (parts[1], String(parts[2]))
  }
}

extension String {
  /// The text with the first beginning that fits replaced.
  func replacing(_ beginnings: [(old: String, new: String)]) -> String {
    for (old, new) in beginnings where hasPrefix(old) { return new + dropFirst(old.count) }
    return self
  }
}
