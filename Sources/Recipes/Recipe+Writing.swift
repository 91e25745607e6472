public import Foundation

extension Recipe {
  /// The whole recipe as YAML: every key in a fixed order, with meaning, unit and allowed values.
  public func yaml() -> String {
    var lines = ["# Effective recipe of \(Self.purpose); every key with its value."]
    var group: [String] = []
    for field in Self.fields {
      let parent = field.path.dropLast()
      if group != Array(parent) {
        let shared = zip(group, parent).prefix { $0 == $1 }.count
        for depth in shared..<parent.count {
          lines.append(String(repeating: "  ", count: depth) + "\(parent[depth]):")
        }
        group = Array(parent)
      }
      let indent = String(repeating: "  ", count: parent.count)
      let value = field.text(self)
      lines.append(
        "\(indent)\(field.path.last ?? ""): \(value)  # \(field.summary) (\(field.expectation.comment))"
      )
    }
    lines += Self.tables.flatMap { $0.lines(of: self) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes the whole recipe as a YAML file, replacing it in one step.
  ///
  /// - Throws: `RecipeError.cannotWrite`.
  public func write(to file: URL) throws(RecipeError) {
    do {
      try Data(yaml().utf8).write(to: file, options: .atomic)
    } catch {
      throw .cannotWrite(file: file.path, reason: (error as NSError).localizedDescription)
    }
  }

  /// A Markdown table of every key with its default in `tiny`, its allowed values and its meaning.
  public static func keyTable() -> String {
    let defaults = Self()
    var lines = ["| key | tiny | allowed | meaning |", "|---|---|---|---|"]
    for field in fields {
      let allowed = field.expectation.comment.replacing("|", with: "\\|")
      lines.append(
        "| `\(field.name)` | \(field.text(defaults)) | \(allowed) | \(field.summary) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
