import Foundation

/// The targets of `Package.swift`, read from its text.
///
/// Text rather than `swift package describe`, which waits for the very build that runs the tests.
struct Manifest {
  /// One target.
  struct Target: Hashable {
    enum Kind: Hashable { case systemLibrary, library, executable, test }

    let name: String
    let kind: Kind
    /// The folder, relative to the package.
    let path: String
    /// The modules it may import.
    let dependencies: Set<String>
  }

  let targets: [Target]

  /// The folder of the package this file belongs to.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  init() throws {
    let file = Self.root.appending(path: "Package.swift")
    self.init(text: try String(contentsOf: file, encoding: .utf8))
  }

  init(text: String) {
    let code = Self.withoutComments(text)
    guard let list = code.range(of: "targets: [\n") else {
      targets = []
      return
    }
    let makers: [(call: String, kind: Target.Kind, path: (String) -> String)] = [
      ("room(", .library, { "Sources/\($0)" }),
      ("command(", .executable, { "Sources/Commands/\($0)" }),
      ("tests(", .test, { "Tests/\($0)Tests" }),
      (".target(", .library, { "Sources/\($0)" }),
      (".executableTarget(", .executable, { "Sources/\($0)" }),
      (".testTarget(", .test, { "Tests/\($0)" }),
      (".systemLibrary(", .systemLibrary, { "Sources/\($0)" }),
    ]
    var found: [Target] = []
    for maker in makers {
      var rest = code[list.upperBound...]
      while let call = rest.range(of: maker.call) {
        // `.target(` must not be found inside `.testTarget(`, nor `room(` inside a longer word.
        let before = rest[..<call.lowerBound].last ?? " "
        rest = rest[call.upperBound...]
        if before.isLetter || before == "." { continue }
        let body = Self.balanced(rest, open: "(", close: ")")
        guard let first = Self.literals(in: body).first else { continue }
        let name = maker.call == "tests(" ? first + "Tests" : first
        let path = Self.literal(after: "path: ", in: body) ?? maker.path(first)
        found.append(
          Target(
            name: name, kind: maker.kind, path: path, dependencies: Self.dependencies(in: body)))
      }
    }
    targets = found
  }

  subscript(name: String) -> Target? { targets.first { $0.name == name } }

  /// The names in the first list of a call, which is the list of dependencies.
  private static func dependencies(in body: Substring) -> Set<String> {
    guard let open = body.firstIndex(of: "[") else { return [] }
    let list = balanced(body[body.index(after: open)...], open: "[", close: "]")
    // Lists of settings or providers are no dependencies.
    let label = body[..<open].suffix(30)
    if label.contains("providers:") || label.contains("resources:") { return [] }
    var names = Set(literals(in: list))
    for package in literals(after: "package: ", in: list) where !list.contains("\"\(package)\",") {
      if literals(after: "name: ", in: list).contains(package) { continue }
      names.remove(package)
    }
    if list.contains("argumentParser") { names.insert("ArgumentParser") }
    return names
  }

  /// The text up to the bracket that closes one already opened.
  private static func balanced(
    _ text: Substring, open: Character, close: Character
  ) -> Substring {
    var depth = 1
    var index = text.startIndex
    while index < text.endIndex {
      if text[index] == open { depth += 1 }
      if text[index] == close { depth -= 1 }
      if depth == 0 { return text[..<index] }
      index = text.index(after: index)
    }
    return text
  }

  private static func literals(in text: Substring) -> [String] {
    text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
  }

  private static func literals(after label: String, in text: Substring) -> [String] {
    text.components(separatedBy: label + "\"").dropFirst()
      .map { String($0.prefix { $0 != "\"" }) }
  }

  private static func literal(after label: String, in text: Substring) -> String? {
    literals(after: label, in: text).first
  }

  private static func withoutComments(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
      .joined(separator: "\n")
  }
}
