import Adapters
import Foundation

/// Module paths in PEFT's files and in our networks, which carry timm's names.
enum PEFTNames {
  /// What PEFT puts before the path of every module.
  static let prefix = "base_model.model."

  /// Ends of keys that belong to an adapter rather than to a module of the base.
  static let suffixes = [
    "lora_A.weight", "lora_B.weight", "lora_B.bias", "lora_A", "lora_B", "lora_E",
    "lora_magnitude_vector.weight", "lora_magnitude_vector", "base_layer.bias",
    "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
    "vera_lambda_b", "vera_lambda_d", "ln_tuning_layers.weight", "ln_tuning_layers.bias",
  ]

  /// The site or parameter of a key, and what of it the tensor is; no suffix for a parameter of the base.
  static func split(_ key: String) -> (site: String, suffix: String?) {
    var name = Substring(key)
    if name.hasPrefix(prefix) { name = name.dropFirst(prefix.count) }
    if name.hasPrefix("timm_model.") { name = name.dropFirst("timm_model.".count) }
    // Files written by hand may still carry the adapter's name.
    let plain = name.replacingOccurrences(of: ".default.", with: ".")
    let text = plain.hasSuffix(".default") ? String(plain.dropLast(".default".count)) : plain
    for suffix in suffixes where text.hasSuffix("." + suffix) {
      return (site(String(text.dropLast(suffix.count + 1))), suffix)
    }
    return (site(text), nil)
  }

  /// Our name of a module of Transformers' vision transformer; other names stay.
  ///
  /// Its separate query, key and value maps are the parts of our fused one.
  static func site(_ module: String) -> String {
    var path = module
    for (old, new) in [
      ("vit.encoder.layer.", "blocks."), ("vit.layers.", "blocks."), ("encoder.layer.", "blocks."),
      ("vit.embeddings.patch_embeddings.projection", "patch_embed.proj"),
    ] where path.hasPrefix(old) {
      path = new + path.dropFirst(old.count)
      for (end, own) in [
        (".attention.attention.query", ".attn.qkv[q]"),
        (".attention.attention.key", ".attn.qkv[k]"),
        (".attention.attention.value", ".attn.qkv[v]"),
        (".attention.q_proj", ".attn.qkv[q]"), (".attention.k_proj", ".attn.qkv[k]"),
        (".attention.v_proj", ".attn.qkv[v]"), (".attention.output.dense", ".attn.proj"),
        (".attention.o_proj", ".attn.proj"), (".intermediate.dense", ".mlp.fc1"),
        (".output.dense", ".mlp.fc2"),
      ] where path.hasSuffix(end) {
        return path.dropLast(end.count) + own
      }
      return path
    }
    return path == "classifier" ? "head" : path
  }

  /// What names exactly these modules as targets.
  ///
  /// PEFT takes a list of names as ends of paths, so that `norm` would also find `blocks.0.attn.norm`;
  /// a text it takes as a pattern of the whole path.
  static func targets(_ paths: [String]) -> Any {
    guard paths.contains(where: { !$0.contains(".") }) else { return paths }
    return paths.map { NSRegularExpression.escapedPattern(for: $0) }.joined(separator: "|")
  }

  /// A pattern key that fits one path and nothing else.
  static func anchored(_ path: String) -> String {
    "^" + NSRegularExpression.escapedPattern(for: path)
  }
}
