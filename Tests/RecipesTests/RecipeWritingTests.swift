import Foundation
import Testing
import Yams

@testable import Recipes

@Suite struct RecipeWritingTests {
  @Test(arguments: NamedRecipe.allCases)
  func `a written recipe reads back the same, with every key`(name: NamedRecipe) throws {
    let recipe = name.recipe
    let text = recipe.yaml()
    #expect(try PretrainingRecipe(yaml: text, named: "recipe.yaml") == recipe)
    #expect(text == recipe.yaml())
    let root = try #require(try Yams.load(yaml: text) as? [String: Any])
    #expect(leafCount(root) == PretrainingRecipe.fields.count)
    // Numbers must be numbers for every YAML reader, also where Swift prints an exponent.
    let simmim = try #require(root["simmim"] as? [String: Any])
    #expect(simmim["minimumRate"] as? Double == recipe.simmim.minimumRate)
  }

  @Test func `every field changes exactly its own value`() throws {
    let original = PretrainingRecipe()
    var seen: Set<[String]> = []
    for field in PretrainingRecipe.fields {
      #expect(seen.insert(field.path).inserted, "\(field.name) is listed twice")
      #expect(!field.summary.isEmpty)
      var changed = original
      let value = try #require(otherValue(for: field, than: field.text(original)))
      #expect(field.assign(&changed, value) == nil, "\(field.name)=\(value)")
      #expect(field.text(changed) == value, "\(field.name)")
      let differing = PretrainingRecipe.fields.filter { $0.text(changed) != $0.text(original) }
      // A length in epochs clears the one in steps.
      let isLength = ["steps", "epochs"].contains(field.path.last ?? "")
      #expect(differing.map(\.name).contains(field.name))
      #expect(differing.count == 1 || isLength, "\(field.name) changed \(differing.map(\.name))")
    }
  }

  @Test func `every default lies in its own range`() throws {
    for name in NamedRecipe.allCases {
      let recipe = name.recipe
      try recipe.validate()
      for field in PretrainingRecipe.fields where field.expectation != .name {
        var copy = recipe
        #expect(field.assign(&copy, field.text(recipe)) == nil, "\(name) \(field.name)")
      }
    }
  }

  @Test func `every stored setting has a key`() throws {
    let data = try JSONEncoder().encode(PretrainingRecipe())
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(leaves(object)) == Set(PretrainingRecipe.fields.map(\.name)))
    #expect(try JSONDecoder().decode(PretrainingRecipe.self, from: data) == PretrainingRecipe())
  }

  @Test func `tiny is the measured recipe`() {
    let tiny = NamedRecipe.tiny.recipe
    #expect(tiny == PretrainingRecipe())
    #expect(tiny.model.backbone == "convnet_small")
    #expect((tiny.model.imageHeight, tiny.model.imageWidth) == (128, 64))
    #expect(tiny.model.embedding == 128)
    #expect(tiny.schedule.objective == .isr)
    #expect(tiny.isr.steps == 2500)
    #expect(tiny.isr.learningRate == 3e-3)
    #expect(tiny.isr.minimumRate == 3e-6)
    #expect(tiny.isr.matchView == .clean)
    #expect(tiny.isr.gapMaximumEnd == 2)
  }

  @Test func `paper holds the released rates at the released batch`() {
    let paper = NamedRecipe.paper.recipe
    #expect(paper.simmim.batch * paper.optimizer.gradientAccumulation == 2048)
    #expect(paper.simmim.learningRate == 8e-4)
    #expect(paper.simmim.minimumRate == 4e-5)
    #expect(paper.simmim.warmupStartRate == 4e-6)
    #expect(paper.simmim.clip == 5)
    #expect(paper.simmim.epochs == 100)
    #expect(paper.simmim.steps == 0)
  }

  @Test func `every built-in recipe states its minutes`() {
    for name in NamedRecipe.allCases {
      #expect(name.summary.contains("\(name.expectedMinutes) minutes"))
    }
  }

  @Test func `names that YAML would misread are quoted`() throws {
    for text in ["no", "12", "a: b", "a # b", "line\nbreak", "\"", "\\", "ü", " x", "~", "*a"] {
      var recipe = PretrainingRecipe()
      recipe.model.backbone = text
      let read = try PretrainingRecipe(yaml: recipe.yaml(), named: "recipe.yaml")
      #expect(read.model.backbone == text)
    }
  }

  @Test func `writes a file and says why it cannot`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "recipe.yaml")
    try NamedRecipe.small.recipe.write(to: file)
    #expect(try PretrainingRecipe(contentsOf: file) == NamedRecipe.small.recipe)
    #expect(throws: RecipeError.self) {
      try NamedRecipe.small.recipe.write(to: folder.appending(path: "none/recipe.yaml"))
    }
  }

  @Test func `the key table lists every key`() {
    let rows = PretrainingRecipe.keyTable().split(separator: "\n")
    #expect(rows.count == PretrainingRecipe.fields.count + 2)
    #expect(rows.contains { $0.hasPrefix("| `isr.temperature` | 0.1 | 0.001...10 |") })
  }

  @Test func `the documentation holds the key table`() throws {
    let table = PretrainingRecipe.keyTable()
    let documentation = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "docs/recipes.md")
    let text = (try? String(contentsOf: documentation, encoding: .utf8)) ?? ""
    guard !text.contains(table) else { return }
    let current = FileManager.default.temporaryDirectory.appending(path: "recipe-keys.md")
    try Data(table.utf8).write(to: current)
    Issue.record("docs/recipes.md is out of date; its table is now that of \(current.path)")
  }

  @Test func `the documentation holds the key table of fine-tuning`() throws {
    let table = FinetuningKeys.table()
    #expect(table.contains("| `reid.margin` | 0.3 | – | – |"))
    let documentation = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "docs/recipes.md")
    let text = (try? String(contentsOf: documentation, encoding: .utf8)) ?? ""
    guard !text.contains(table) else { return }
    let current = FileManager.default.temporaryDirectory.appending(path: "finetuning-keys.md")
    try Data(table.utf8).write(to: current)
    Issue.record("docs/recipes.md is out of date; its table is now that of \(current.path)")
  }

  @Test func `settings of an adapter are kept as they are typed`() throws {
    let recipe = try ReIDRecipe.loaded(
      nil,
      overrides: [
        RecipeOverride(parsing: "adapter.alpha=4"), RecipeOverride(parsing: "adapter.bands=LL,HH"),
        RecipeOverride(flag: "--rank", key: "adapter.rank", value: 2),
      ])
    #expect(recipe.tuning.adapter == ["alpha": "4", "bands": "LL,HH", "rank": "2"])
    let text = recipe.yaml()
    #expect(try ReIDRecipe(yaml: text, named: "recipe.yaml") == recipe)
    #expect(!ReIDRecipe().yaml().contains("adapter:"))
    let file = try FaceRecipe(yaml: "adapter:\n  dropout: 0.1\n", named: "own.yaml")
    #expect(file.tuning.adapter == ["dropout": "0.1"])
    for wrong in ["adapter: 3", "adapter:\n  rank:\n    q: 3", "adaptr:\n  rank: 3"] {
      #expect(throws: RecipeError.self, "\(wrong)") {
        try FaceRecipe(yaml: wrong, named: "own.yaml")
      }
    }
    #expect(throws: RecipeError.self) {
      try PretrainingRecipe.loaded(
        nil, overrides: [RecipeOverride(parsing: "adapter.alpha=4")])
    }
  }

  private func leafCount(_ object: [String: Any]) -> Int { leaves(object).count }

  private func leaves(_ object: [String: Any]) -> [String] {
    object.flatMap { key, value in
      (value as? [String: Any]).map { leaves($0).map { "\(key).\($0)" } } ?? [key]
    }
  }

  /// A value the field takes that differs from `current`, as it is written back.
  private func otherValue(
    for field: RecipeField<PretrainingRecipe>, than current: String
  ) -> String? {
    switch field.expectation {
    case .integer(let range):
      return [range.lowerBound, range.lowerBound + 1].map(String.init).last { $0 != current }
    case .number(let range):
      return [range.lowerBound, range.upperBound].map(yamlNumber).first { $0 != current }
    case .flag: return current == "true" ? "false" : "true"
    case .choice(let names): return names.first { $0 != current }
    case .name: return "another"
    }
  }
}
