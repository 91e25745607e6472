import Foundation

/// The description in a folder of Hugging Face PEFT, `adapter_config.json`, as far as it matters here.
struct PEFTConfiguration {
  /// File of the description.
  let path: String
  private let fields: [String: Any]

  /// Reads the description of a folder.
  init(folder: URL) throws(AdapterFileError) {
    let url = folder.appendingPathComponent(PEFTFolder.descriptionName)
    path = url.path
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: error.localizedDescription)
    }
    guard let object = try? JSONSerialization.jsonObject(with: data),
      let fields = object as? [String: Any]
    else { throw .malformed(path: url.path, reason: "it is no JSON object") }
    self.fields = fields
    guard fields["peft_type"] is String else {
      throw .malformed(path: url.path, reason: "it has no text \"peft_type\"")
    }
  }

  /// The kind of adapter, such as `LORA`.
  var kind: String { (fields["peft_type"] as? String ?? "").uppercased() }

  /// Whether a field says something: null, false, zero and empty lists do not.
  func has(_ name: String) -> Bool {
    switch fields[name] {
    case nil, is NSNull: false
    case let text as String: !text.isEmpty
    case let list as [Any]: !list.isEmpty
    case let table as [String: Any]: !table.isEmpty
    case let number as NSNumber: number.doubleValue != 0
    default: true
    }
  }

  /// Refuses a field that says something and that nothing here reads, because it may change what the
  /// adapter computes.
  ///
  /// - Parameter read: the fields of this kind that are looked at.
  func refuseOthers(than read: Set<String>) throws(AdapterFileError) {
    let others = fields.keys.filter { !Self.harmless.contains($0) && !read.contains($0) && has($0) }
    guard let first = others.min() else { return }
    throw .unsupported(
      path: path, kind: kind,
      reason:
        "it sets \"\(first)\", which is not known here and may change what it computes; merge it "
        + "in PEFT and take the merged weights")
  }

  /// Fields that say where an adapter comes from or how it was trained.
  private static let harmless: Set<String> = [
    "peft_type", "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision",
    "inference_mode", "runtime_config", "megatron_core", "qalora_group_size", "eva_config",
    "ensure_weight_tying", "velora_config", "rank_dropout", "rank_dropout_scale", "module_dropout",
    "init_weights", "save_projection", "projection_prng_key", "tinit", "tfinal", "deltaT", "beta1",
    "beta2", "total_step", "target_modules", "exclude_modules", "modules_to_save",
    "layers_to_transform", "layers_pattern",
  ]

  /// A pattern of a field as an expression.
  func expression(
    _ pattern: String, of name: String
  ) throws(AdapterFileError) -> NSRegularExpression {
    guard let found = try? NSRegularExpression(pattern: pattern) else {
      throw .malformed(path: path, reason: "\"\(pattern)\" of \"\(name)\" is no pattern")
    }
    return found
  }

  /// A number, the default where it is absent or null.
  func number(_ name: String, default other: Double) throws(AdapterFileError) -> Double {
    guard let value = fields[name], !(value is NSNull) else { return other }
    guard let number = value as? NSNumber else {
      throw .malformed(path: path, reason: "\"\(name)\" is no number")
    }
    return number.doubleValue
  }

  /// A whole number, the default where it is absent or null.
  func whole(_ name: String, default other: Int) throws(AdapterFileError) -> Int {
    try whole(number(name, default: Double(other)), of: name)
  }

  /// A number of a field as a whole one.
  func whole(_ number: Double, of name: String) throws(AdapterFileError) -> Int {
    guard abs(number) <= 1e9, let whole = Int(exactly: number) else {
      throw .malformed(
        path: path, reason: "\(number) of \"\(name)\" is no whole number of a useful size")
    }
    return whole
  }

  /// How many components AdaLoRA's budget left a module, or `nil` where the table does not say it.
  func keptComponents(of module: String) -> Int? {
    guard let table = fields["rank_pattern"] as? [String: Any] else { return nil }
    for (key, marks) in table {
      let entry = PEFTNames.entry(key)
      guard entry.suffix == "lora_E", entry.original == module, let marks = marks as? [Any]
      else { continue }
      return marks.count { ($0 as? NSNumber)?.boolValue == true }
    }
    return nil
  }

  /// A flag; absent and null are false.
  func flag(_ name: String) -> Bool { (fields[name] as? NSNumber)?.boolValue ?? false }

  /// A text, or `nil` where it is absent or something else.
  func text(_ name: String) -> String? { fields[name] as? String }

  /// Names of a list; a text is a list of one, absent and null are empty.
  func list(_ name: String) -> [String] {
    if let text = fields[name] as? String { return [text] }
    return fields[name] as? [String] ?? []
  }

  /// The value that a pattern table gives a module, or `nil` where no key fits.
  ///
  /// The module goes by its name in PEFT's network, which keys were written for.
  /// A key fits where `(.*\.)?(KEY)$` matches the path from its start, as in PEFT. PEFT takes the first
  /// key that fits, in an order that saving changes; several keys that differ are refused here.
  func pattern(_ name: String, at site: String) throws(AdapterFileError) -> Double? {
    guard let table = fields[name] as? [String: Any] else { return nil }
    var found: [(key: String, value: Double)] = []
    for key in table.keys.sorted() {
      guard let number = table[key] as? NSNumber else { continue }
      if try expression("(.*\\.)?(\(key))$", of: name).fitsStart(of: site) {
        found.append((key, number.doubleValue))
      }
    }
    guard Set(found.map(\.value)).count <= 1 else {
      throw .ambiguous(path: path, setting: name, site: site, patterns: found.map(\.key))
    }
    return found.first?.value
  }
}
