import Foundation
import Testing

/// The README and its neighbours: whatever they tell people to type is understood.
@Suite struct ReadmeTests {
  static let pages = [
    "README.md", "CONTRIBUTING.md", "data/README.md", "docs/results.md", "docs/recipes.md",
    "docs/models.md", "docs/faces.md", "docs/performance.md", "docs/add-an-adapter.md",
    "models/README.md",
  ]

  /// A line of a page that calls one of our commands.
  struct Line: CustomTestStringConvertible, Sendable {
    let page: String
    let words: [String]

    var testDescription: String { "\(page): \(words.joined(separator: " "))" }
  }

  /// The folder of the package.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The lines of fenced code that begin with `vision-…`, with or without a folder before it.
  static func commandLines(in text: String, page: String) -> [Line] {
    var lines: [Line] = []
    var isCode = false
    // A backslash at the end of a line goes on with the next one.
    let joined = text.replacingOccurrences(of: "\\\n", with: " ")
    for line in joined.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isCode.toggle()
        continue
      }
      guard isCode else { continue }
      var words: [String] = []
      for word in line.split(separator: " ") {
        if word.hasPrefix("#") { break }
        words.append(String(word))
      }
      guard let first = words.first, let name = first.split(separator: "/").last,
        name.hasPrefix("vision-")
      else { continue }
      lines.append(Line(page: page, words: [String(name)] + words.dropFirst()))
    }
    return lines
  }

  static func text(of page: String) throws -> String {
    try String(contentsOf: root.appending(path: page), encoding: .utf8)
  }

  static var lines: [Line] {
    pages.flatMap { page in
      (try? text(of: page)).map { commandLines(in: $0, page: page) } ?? []
    }
  }

  @Test func `finds the lines of a page`() {
    let lines = Self.commandLines(
      in: """
        vision-pretrain outside
        ```sh
        # vision-pretrain in a comment
        vision-pretrain videos/ --seed 3   # five minutes
        .build/release/vision-evaluate runs/x \\
          --task reid
        tools/demo
        ```
        """, page: "x")
    #expect(
      lines.map(\.words) == [
        ["vision-pretrain", "videos/", "--seed", "3"],
        ["vision-evaluate", "runs/x", "--task", "reid"],
      ])
    #expect(Self.lines.count >= 5)
  }

  @Test(arguments: lines)
  func `commands understand what is printed`(line: Line) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "readme-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // The folders that the pages speak of; runs do not exist, which is missing input (66) and no
    // wrong usage (64).
    for (name, shipped) in [("data", "data"), ("videos", "data/walkers")] {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: Self.root.appending(path: shipped))
    }
    let run = try ProgramRun(
      line.words[0], line.words.dropFirst() + ["--dry-run"], directory: folder)
    #expect(
      run.exit == 66 || run.exit == 0,
      "\(line.testDescription) ended with \(run.exit): \(run.errors)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(left) == ["data", "videos"], "a dry run writes nothing")
  }

  @Test(arguments: pages)
  func `links lead somewhere`(page: String) throws {
    let text = try Self.text(of: page)
    let folder = Self.root.appending(path: page).deletingLastPathComponent()
    for part in text.components(separatedBy: "](").dropFirst() {
      let target = part.prefix { $0 != ")" && $0 != "#" }
      guard !target.isEmpty, !target.contains("://") else { continue }
      #expect(
        FileManager.default.fileExists(atPath: folder.appending(path: String(target)).path),
        "\(page) links to \(target), which does not exist")
    }
  }

  @Test(arguments: pages)
  func `shipped files exist`(page: String) throws {
    let text = try Self.text(of: page)
    for word in text.split(whereSeparator: { $0.isWhitespace || "`(),".contains($0) }) {
      guard ["data/", "tools/", "docs/"].contains(where: word.hasPrefix) else { continue }
      let path = word.trimmingCharacters(in: CharacterSet(charactersIn: ".;:"))
      #expect(
        FileManager.default.fileExists(atPath: Self.root.appending(path: path).path),
        "\(page) names \(path), which does not exist")
    }
  }
}
