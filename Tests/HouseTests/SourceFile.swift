import Foundation

/// A source file of the package.
struct SourceFile {
  /// The path relative to the package.
  let path: String
  let lines: [Substring]

  /// Every Swift and C file under `folder`, in the order of their paths.
  static func all(in folder: String) throws -> [SourceFile] {
    let root = Manifest.root
    let enumerator = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
    var files: [SourceFile] = []
    while let name = enumerator?.nextObject() as? String {
      guard ["swift", "c", "h"].contains((name as NSString).pathExtension),
        !name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
      else { continue }
      let path = "\(folder)/\(name)"
      let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
      files.append(
        SourceFile(
          path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
    }
    return files.sorted { $0.path < $1.path }
  }

  var isSwift: Bool { path.hasSuffix(".swift") }

  /// Whether a program wrote the file.
  var isGenerated: Bool {
    path.contains("/Generated/") || path.hasSuffix(".pb.swift")
      || lines.prefix(5).contains { $0.contains("DO NOT EDIT") }
  }

  /// The modules the file imports, conditionally or not.
  var imports: Set<String> {
    var names: Set<String> = []
    var isInText = false
    for line in lines {
      // Between triple quotes stands text, not code.
      let quotes = line.components(separatedBy: "\"\"\"").count - 1
      if quotes % 2 == 1 { isInText.toggle() }
      guard !isInText, quotes == 0 else { continue }
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
        words[..<place].allSatisfy({
          $0.hasPrefix("@")
            || ["public", "package", "internal", "private", "fileprivate"]
              .contains($0)
        })
      else { continue }
      // `import struct Module.Name` names the module second.
      let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      let isScoped = kinds.contains(String(words[place + 1])) && place + 2 < words.count
      let module = words[place + (isScoped ? 2 : 1)]
      names.insert(String(module.prefix { $0 != "." && $0 != ";" }))
    }
    return names
  }

  /// The lines that hold code rather than only a comment, with their numbers from 1.
  var code: [(number: Int, text: Substring)] {
    lines.enumerated().map { ($0.offset + 1, $0.element) }
      .filter { !$0.1.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
  }
}
