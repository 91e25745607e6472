import Layers
import Tensors

extension VisionTransformer {
  /// Names in other libraries and repositories, for a plain transformer and for DINOv2's.
  static let publishedNames =
    ["vit.", ""].flatMap { prefix in
      [false, true].map { transformers(prefix, isCurrent: $0) }
    }
    + [("dinov2.", false), ("dinov2_with_registers.", true), ("", false), ("", true)]
    .flatMap { prefix, hasRegisters in
      [false, true].map { selfDistilled(prefix, isCurrent: $0, hasRegisters: hasRegisters) }
    } + [
      torchvision(isOld: false), torchvision(isOld: true), maskedAutoencoder, distillation,
      registers,
    ]

  /// What the transformers library calls the parts of a block.
  private struct BlockNames {
    /// What stands before the number of a block.
    let blocks: String
    /// Query, key and value, which timm keeps in one.
    let attention: [String]
    /// Other parts by timm's names.
    let parts: [(old: String, new: String)]

    func names(_ prefix: String, _ block: Substring, _ rest: String) -> [String] {
      let layer = "\(prefix)\(blocks)\(block)."
      if rest.hasPrefix("attn.qkv.") {
        return attention.map { layer + $0 + rest.dropFirst("attn.qkv".count) }
      }
      return [layer + rest.replacing(parts)]
    }
  }

  private static let stored = ["query", "key", "value"].map { "attention.attention.\($0)" }
  private static let current = ["q", "k", "v"].map { "attention.\($0)_proj" }
  private static let norms = [("norm1.", "layernorm_before."), ("norm2.", "layernorm_after.")]

  /// Names in files of the transformers library, with or without the name of a task's base model; its
  /// version 5 has others in memory, and files may have those too.
  static func transformers(_ prefix: String, isCurrent: Bool = false) -> WeightNaming {
    let parts =
      isCurrent
      ? BlockNames(
        blocks: "layers.", attention: current,
        parts: norms + [("attn.proj.", "attention.o_proj.")])
      : BlockNames(
        blocks: "encoder.layer.", attention: stored,
        parts: norms + [
          ("attn.proj.", "attention.output.dense."), ("mlp.fc1.", "intermediate.dense."),
          ("mlp.fc2.", "output.dense."),
        ])
    return WeightNaming(
      "transformers'",
      recognizes: { $0.contains("\(prefix)\(parts.blocks)0.layernorm_before.weight") },
      ignores: { name in
        // What belongs to other tasks on the same network.
        name == "\(prefix)embeddings.mask_token" || name.hasPrefix("\(prefix)pooler.")
          || name.hasPrefix("decoder.")
      }
    ) { outerNames(prefix, $0) ?? blockNames($0) { parts.names(prefix, $0, $1) } }
  }

  /// Names of DINOv2's network in files of the transformers library.
  static func selfDistilled(
    _ prefix: String, isCurrent: Bool, hasRegisters: Bool
  ) -> WeightNaming {
    let parts = BlockNames(
      blocks: "encoder.layer.", attention: isCurrent ? current : stored,
      parts: [
        ("attn.proj.", isCurrent ? "attention.o_proj." : "attention.output.dense."),
        ("ls1.gamma", "layer_scale1.lambda1"), ("ls2.gamma", "layer_scale2.lambda1"),
      ])
    return WeightNaming(
      "transformers'",
      recognizes: {
        $0.contains("\(prefix)\(parts.blocks)0.layer_scale1.lambda1")
          && $0.contains("\(prefix)\(parts.blocks)0.\(parts.attention[0]).weight")
          && $0.contains("\(prefix)embeddings.register_tokens") == hasRegisters
      },
      // A classifier there reads two vectors, not the one of the features.
      ignores: { $0 == "\(prefix)embeddings.mask_token" || $0.hasPrefix("classifier.") },
      composes: { hasRegisters ? positionComposition(of: $0) : nil }
    ) { path in
      // Only the network with registers has no position for its class token.
      if hasRegisters, path == "cls_token" {
        return ["\(prefix)embeddings.cls_token", "\(prefix)embeddings.position_embeddings"]
      }
      return outerNames(prefix, path) ?? blockNames(path) { parts.names(prefix, $0, $1) }
    }
  }

  /// Names in files of torchvision; the two maps of a block's MLP had others before 0.13.
  static func torchvision(isOld: Bool) -> WeightNaming {
    let maps = isOld ? ["mlp.linear_1.", "mlp.linear_2."] : ["mlp.0.", "mlp.3."]
    return WeightNaming(
      "torchvision's",
      recognizes: {
        $0.contains("encoder.layers.encoder_layer_0.\(maps[0])weight")
      }
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
            ("mlp.fc1.", maps[0]), ("mlp.fc2.", maps[1]),
          ])
      ]
    }
  }

  /// Files of MAE's pretraining: timm's names beside a decoder.
  static let maskedAutoencoder = WeightNaming(
    "MAE's", recognizes: { $0.contains("decoder_embed.weight") },
    ignores: { $0 == "mask_token" || $0.hasPrefix("decoder_") }
  ) { [$0] }

  /// DINOv2's own files of networks without registers: timm's names beside a mask token.
  static let distillation = WeightNaming(
    "DINOv2's",
    recognizes: {
      $0.isSuperset(of: ["mask_token", "blocks.0.ls1.gamma"]) && !$0.contains("register_tokens")
    },
    ignores: { $0 == "mask_token" }
  ) { [$0] }

  /// DINOv2's own files of networks with registers, where the class token's position is added to it.
  static let registers = WeightNaming(
    "DINOv2's", recognizes: { $0.isSuperset(of: ["register_tokens", "blocks.0.ls1.gamma"]) },
    ignores: { $0 == "mask_token" }, composes: positionComposition
  ) { path in
    switch path {
    case "cls_token": ["cls_token", "pos_embed"]
    case "reg_token": ["register_tokens"]
    default: [path]
    }
  }

  /// Names in files of SimMIM's release, which keeps the encoder beside the decoder.
  static let release = WeightNaming(
    "SimMIM's", recognizes: { $0.contains("encoder.cls_token") },
    ignores: {
      $0.hasSuffix("relative_position_index") || $0 == "encoder.mask_token"
        || $0.hasPrefix("decoder.")
    }
  ) { ["encoder." + $0] }

  /// Files of SimMIM's fine-tuning: timm's names beside buffers that are computed again.
  static let fineTuned = WeightNaming(
    "SimMIM's",
    recognizes: { names in names.contains { $0.hasSuffix("relative_position_index") } },
    ignores: { $0.hasSuffix("relative_position_index") }
  ) { [$0] }

  /// The class token with the first position added, and the other positions.
  @Sendable private static func positionComposition(
    of path: String
  ) -> WeightNaming.Composition? {
    switch path {
    case "cls_token":
      WeightNaming.Composition(
        shape: { shapes in
          shapes.count == 2 && shapes[1].count == 3 && shapes[1][1] > 1 && shapes[0].count == 3
            && shapes[0][2] == shapes[1][2] ? shapes[0] : nil
        },
        tensor: { parts in
          Tensor(
            zip(parts[0].values, parts[1].values).map { $0 + $1 }, shape: parts[0].shape)
        })
    case "pos_embed":
      WeightNaming.Composition(
        shape: { shapes in
          shapes.count == 1 && shapes[0].count == 3 && shapes[0][1] > 1
            ? [shapes[0][0], shapes[0][1] - 1, shapes[0][2]] : nil
        },
        tensor: { parts in
          let (positions, width) = (parts[0].shape[1] - 1, parts[0].shape[2])
          return Tensor(Array(parts[0].values.dropFirst(width)), shape: [1, positions, width])
        },
        // The class token has taken its position in.
        stored: { positions in
          let (count, width) = (positions.shape[1], positions.shape[2])
          return Tensor(
            [Float](repeating: 0, count: width) + positions.values, shape: [1, count + 1, width])
        })
    default: nil
    }
  }

  private static func outerNames(_ prefix: String, _ path: String) -> [String]? {
    guard blockPath(path) == nil else { return nil }
    switch path {
    case "cls_token": return ["\(prefix)embeddings.cls_token"]
    case "pos_embed": return ["\(prefix)embeddings.position_embeddings"]
    case "reg_token": return ["\(prefix)embeddings.register_tokens"]
    default:
      return [
        path.replacing([
          ("patch_embed.proj.", "\(prefix)embeddings.patch_embeddings.projection."),
          ("norm.", "\(prefix)layernorm."), ("head.", "classifier."),
        ])
      ]
    }
  }

  private static func blockNames(
    _ path: String, _ names: (Substring, String) -> [String]
  ) -> [String] {
    blockPath(path).map { names($0.block, $0.rest) } ?? [path]
  }

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
