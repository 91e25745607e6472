import Foundation
import Testing

/// The plan of the house: who may import whom, how long a file may be, what a room may be called.
@Suite struct HouseTests {
  /// The level of every room; a room imports lower levels only.
  ///
  /// Level 0 is everything in `Sources/System`.
  static let levels: [String: Int] = [
    "Tensors": 1, "Spelling": 1, "Pipelines": 1,
    "Gradients": 2, "Images": 2, "Matching": 2,
    "Layers": 3, "Losses": 3, "Frames": 3, "Persons": 3, "Datasets": 3, "Metrics": 3,
    // Recipes are plain settings, so that whatever they configure can take them as they are.
    "Optimizers": 4, "Backbones": 4, "Storage": 4, "Adapters": 4, "Recipes": 4,
    "Training": 5, "Batches": 5, "AdapterFiles": 5, "Quality": 5,
    "Reports": 6, "Pretraining": 6, "Tasks": 6,
    "Evaluation": 7,
    // 8 Commands, and what they share
    "CommandSupport": 8,
  ]

  /// Modules of the toolchain and of the operating system.
  static let platform: Set<String> = [
    "Swift", "Foundation", "FoundationEssentials", "FoundationXML", "Dispatch", "Synchronization",
    "Glibc", "Musl",
    "Darwin",
  ]

  /// Packages and the only places that import them, tests aside.
  static let packages: [String: @Sendable (Manifest.Target) -> Bool] = [
    "ArgumentParser": { $0.kind == .executable || $0.name == "CommandSupport" },
    "Yams": { $0.name == "Recipes" },
    "SwiftProtobuf": { ["Reports", "Storage"].contains($0.name) },
  ]

  let manifest: Manifest
  let sources: [SourceFile]

  init() throws {
    manifest = try Manifest()
    sources = try ["Sources", "Tests", "tools"].flatMap { try SourceFile.all(in: $0) }
  }

  /// The target a file belongs to: the one with the longest path above it.
  private func target(of file: SourceFile) -> Manifest.Target? {
    manifest.targets.filter { file.path.hasPrefix($0.path + "/") }
      .max { $0.path.count < $1.path.count }
  }

  /// The level of a target; commands and tools stand above every room.
  private func level(of target: Manifest.Target) -> Int? {
    if target.path.hasPrefix("Sources/System/") { return 0 }
    return target.kind == .executable ? 9 : Self.levels[target.name]
  }

  @Test func `the manifest and the files are found`() {
    #expect(manifest.targets.count > 30)
    #expect(manifest["Recipes"]?.dependencies == ["Spelling", "Yams"])
    let shared = manifest["CommandSupport"]?.dependencies ?? []
    for name in ["Recipes", "Tasks", "Evaluation", "ArgumentParser"] {
      #expect(shared.contains(name), "\(name)")
    }
    #expect(manifest["CKernels"]?.path == "Sources/System/CKernels")
    #expect(manifest["HouseTests"]?.dependencies == [])
    #expect(sources.count > 50)
    #expect(Set(manifest.targets.map(\.name)).count == manifest.targets.count)
  }

  @Test func `every room has a level`() {
    for target in manifest.targets where target.kind == .library || target.kind == .systemLibrary {
      #expect(level(of: target) != nil, "\(target.name) has no level in HouseTests")
    }
    for name in Self.levels.keys {
      #expect(manifest[name] != nil, "\(name) has a level but is no target")
    }
  }

  @Test func `dependencies point down`() {
    for target in manifest.targets where target.kind != .test {
      guard let level = level(of: target) else { continue }
      for dependency in target.dependencies {
        if let isAllowed = Self.packages[dependency] {
          #expect(isAllowed(target), "\(target.name) may not depend on \(dependency)")
          continue
        }
        guard let lower = manifest[dependency], let below = self.level(of: lower) else {
          Issue.record("\(target.name) depends on \(dependency), which is in no list here")
          continue
        }
        // Within System, our C code stands on the libraries of the operating system.
        let isSystem = level == 0 && lower.kind == .systemLibrary
        #expect(
          below < level || isSystem,
          "\(target.name) (level \(level)) may not depend on \(dependency) (level \(below))")
        #expect(
          lower.kind != .systemLibrary || level == 0,
          "\(target.name) reaches \(dependency) past the System room")
      }
    }
  }

  @Test func `every import is declared`() {
    for file in sources where file.isSwift {
      guard let target = target(of: file) else {
        Issue.record("\(file.path) belongs to no target of Package.swift")
        continue
      }
      for module in file.imports.subtracting(target.dependencies).subtracting(Self.platform) {
        if module == "Testing", target.kind == .test { continue }
        Issue.record("\(file.path) imports \(module), which Package.swift does not allow it")
      }
    }
  }

  @Test func `every file compiles on Linux and on macOS`() {
    for file in sources where file.isSwift {
      let imports = file.imports
      let libraries: Set = ["Glibc", "Musl", "Darwin"]
      guard !imports.isDisjoint(with: libraries) else { continue }
      #expect(
        imports.isSuperset(of: libraries),
        "\(file.path) imports the C library of some systems only")
    }
  }

  @Test func `files stay short`() {
    for file in sources where !file.isGenerated {
      // C kernels write a loop out for each layout.
      let limit = file.isSwift ? 400 : 500
      #expect(
        file.lines.count - 1 <= limit,
        "\(file.path) has \(file.lines.count - 1) lines, above the limit of \(limit)")
    }
  }

  @Test func `rooms say what is in them`() {
    let refused: Set<String> = [
      "utils", "util", "utilities", "common", "helpers", "helper", "core", "misc", "shared",
    ]
    for file in sources {
      for part in file.path.split(separator: "/") {
        let word = part.prefix { $0 != "." }.lowercased()
        #expect(!refused.contains(word), "\(file.path): \"\(part)\" does not say what is in it")
      }
    }
  }

  @Test(arguments: [
    ("try!", "ends the process on an error"), ("fatalError(", "ends the process"),
    ("TODO", "belongs in an issue"), ("FIXME", "belongs in an issue"),
  ])
  func `rooms do without`(text: String, reason: String) {
    for file in sources where file.isSwift && !file.isGenerated && isRoom(file) {
      for line in file.lines.enumerated() where line.element.contains(text) {
        Issue.record("\(file.path):\(line.offset + 1): \"\(text)\" \(reason)")
      }
    }
  }

  @Test func `rooms do not print`() {
    for file in sources where file.isSwift && isRoom(file) {
      for (number, text) in file.code {
        var rest = text[...]
        while let call = rest.range(of: "print(") {
          let before = rest[..<call.lowerBound].last ?? " "
          #expect(
            before.isLetter || before == "." || text.contains("func print("),
            "\(file.path):\(number): a room returns or throws, it does not print")
          rest = rest[call.upperBound...]
        }
      }
    }
  }

  /// Whether a file belongs to a library of `Sources`.
  private func isRoom(_ file: SourceFile) -> Bool {
    file.path.hasPrefix("Sources/") && target(of: file)?.kind == .library
  }
}
