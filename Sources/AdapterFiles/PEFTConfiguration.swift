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

  /// A number, the default where it is absent or null.
  func number(_ name: String, default other: Double) throws(AdapterFileError) -> Double {
    guard let value = fields[name], !(value is NSNull) else { return other }
    guard let number = value as? NSNumber else {
      throw .malformed(path: path, reason: "\"\(name)\" is no number")
    }
    return number.doubleValue
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
  /// A key fits where `(.*\.)?(KEY)$` matches the path from its start, as in PEFT. PEFT takes the first
  /// key that fits, in an order that saving changes; several keys that differ are refused here.
  func pattern(_ name: String, at site: String) throws(AdapterFileError) -> Double? {
    guard let table = fields[name] as? [String: Any] else { return nil }
    var found: [(key: String, value: Double)] = []
    for key in table.keys.sorted() {
      guard let number = table[key] as? NSNumber else { continue }
      guard let expression = try? NSRegularExpression(pattern: "^(.*\\.)?(\(key))$") else {
        throw .malformed(path: path, reason: "the key \"\(key)\" of \"\(name)\" is no pattern")
      }
      let whole = NSRange(site.startIndex..., in: site)
      if expression.firstMatch(in: site, range: whole) != nil {
        found.append((key, number.doubleValue))
      }
    }
    guard Set(found.map(\.value)).count <= 1 else {
      throw .ambiguous(path: path, setting: name, site: site, patterns: found.map(\.key))
    }
    return found.first?.value
  }
}
