import Adapters
import Foundation

/// Keys in PEFT's files.
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
    "ln_tuning_layers.running_mean", "ln_tuning_layers.running_var",
    "ln_tuning_layers.num_batches_tracked",
  ]

  /// What a key of a file names.
  struct Entry {
    /// The module, or the parameter where there is no suffix, as PEFT's network calls it.
    let original: String
    /// The same in our names.
    let site: String
    /// What of an adapter the tensor is; nil for a parameter of the base.
    let suffix: String?
  }

  /// Reads a key.
  static func entry(_ key: String) -> Entry {
    var name = Substring(key)
    if name.hasPrefix(prefix) { name = name.dropFirst(prefix.count) }
    // Files written by hand may still carry the adapter's name.
    let plain = name.replacingOccurrences(of: ".default.", with: ".")
    let text = plain.hasSuffix(".default") ? String(plain.dropLast(".default".count)) : plain
    for suffix in suffixes where text.hasSuffix("." + suffix) {
      let module = String(text.dropLast(suffix.count + 1))
      return Entry(original: module, site: PEFTNaming.site(module), suffix: suffix)
    }
    guard let dot = text.lastIndex(of: ".") else {
      return Entry(original: text, site: PEFTNaming.site(text), suffix: nil)
    }
    return Entry(
      original: text, site: PEFTNaming.site(String(text[..<dot])) + text[dot...], suffix: nil)
  }

  /// What names exactly these modules as targets.
  ///
  /// PEFT takes a list of names as ends of paths, so that `norm` would also find `blocks.0.attn.norm`;
  /// a text it takes as a pattern of the whole path.
  ///
  /// - Parameter all: the paths of all modules of the network.
  static func targets(_ paths: [String], among all: [String]) -> Any {
    let isUnclear = paths.contains { path in
      !path.contains(".") || all.contains { $0.hasSuffix("." + path) }
    }
    guard isUnclear else { return paths }
    return paths.map { NSRegularExpression.escapedPattern(for: $0) }.joined(separator: "|")
  }

  /// A pattern key that fits one path and nothing else.
  static func anchored(_ path: String) -> String {
    "^" + NSRegularExpression.escapedPattern(for: path)
  }
}
