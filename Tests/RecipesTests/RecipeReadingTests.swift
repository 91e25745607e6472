import Foundation
import Spelling
import Testing

@testable import Recipes

@Suite struct RecipeReadingTests {
  /// The error that reading throws, or nil.
  private func refusal(_ yaml: String) -> RecipeError? {
    do {
      _ = try PretrainingRecipe(yaml: yaml, named: "my.yaml")
      return nil
    } catch {
      return error
    }
  }

  /// The error that overrides throw, or nil.
  private func refusal(overrides: String...) -> RecipeError? {
    do {
      var recipe = PretrainingRecipe()
      try recipe.apply(
        overrides.map { (text) throws(RecipeError) in
          try RecipeOverride(parsing: text)
        })
      return nil
    } catch {
      return error
    }
  }

  @Test func `fills the keys left out from the base`() throws {
    let recipe = try PretrainingRecipe(
      yaml: "isr:\n  steps: 20\n  augmentation: {flip: 0.25}\nbase: small\n", named: "my.yaml")
    #expect(recipe.isr.steps == 20)
    #expect(recipe.isr.augmentation.flip == 0.25)
    #expect(recipe.model.backbone == "vit_tiny_patch16_224")
    #expect(recipe.base == .small)
    #expect(try PretrainingRecipe(yaml: "", named: "empty.yaml") == NamedRecipe.tiny.recipe)
    #expect(try PretrainingRecipe(yaml: "# only\nisr:\n", named: "x") == NamedRecipe.tiny.recipe)
  }

  @Test func `an unknown key names its line and the nearest key`() {
    let error = refusal("seed: 1\nisr:\n  tempurature: 0.2\n")
    #expect(
      error
        == .unknownKey(
          origin: .file("my.yaml", line: 3), key: "isr.tempurature", nearest: "isr.temperature"))
    #expect(
      error?.description
        == "Unknown key \"isr.tempurature\" in my.yaml line 3; did you mean \"isr.temperature\"?")
  }

  @Test(arguments: [
    ("temperature: 0.1", "isr.temperature"), ("isr: {maskRatio: 0.5}", "simmim.maskRatio"),
    ("sede: 3", "seed"), ("mdoel: {embedding: 3}", "model"),
    ("isr: {augmentation: {flipp: 1}}", "isr.augmentation.flip"),
    ("simmim: {learningrate: 0.1}", "simmim.learningRate"),
    ("isr: {gap_minimum: 0.1}", "isr.gapMinimum"),
  ])
  func `suggests the key that was meant`(yaml: String, expected: String) {
    guard case .unknownKey(_, _, let nearest) = refusal(yaml) else {
      Issue.record("accepted or refused for another reason")
      return
    }
    #expect(nearest == expected)
  }

  @Test func `suggests nothing far from every key`() {
    guard case .unknownKey(_, let key, let nearest) = refusal("completelyDifferent: {a: 1}") else {
      Issue.record("accepted or refused for another reason")
      return
    }
    #expect(key == "completelyDifferent")
    #expect(nearest == nil)
  }

  @Test(arguments: [
    "seed: x", "seed: 1.5", "seed: [1]", "seed: {a: 1}", "seed:", "isr: 3", "isr: [1, 2]",
    "isr: {temperature: warm}", "isr: {temperature: .nan}", "isr: {temperature: inf}",
    "isr: {temperature: 0x1p-3}", "isr: {sameFrameNegatives: 2}", "report: {pictures: maybe}",
    "model: {backbone: }",
  ])
  func `refuses values of the wrong kind`(yaml: String) {
    switch refusal(yaml) {
    case .wrongType, .wrongShape: break
    case let other: Issue.record("\(yaml): \(String(describing: other))")
    }
  }

  @Test func `states the allowed range`() {
    #expect(
      refusal("simmim:\n  maskRatio: 1.5\n")?.description
        == "\"simmim.maskRatio\" in my.yaml line 2 takes a number from 0.01 to 0.99, but \"1.5\" "
        + "was given.")
    #expect(
      refusal("schedule: {objective: simmin}")?.description
        == "\"schedule.objective\" in my.yaml line 1 takes one of simmim, isr, both, but "
        + "\"simmin\" was given; did you mean \"simmim\"?")
    #expect(
      refusal(overrides: "isr.pairsPerBatch=0")?.description
        == "\"isr.pairsPerBatch\" in --set isr.pairsPerBatch=0 takes a whole number from 1 to "
        + "4096, but \"0\" was given.")
  }

  @Test(arguments: ["a: [1", "a: b: c", "\tseed: 1", "- 1\n- 2", "just text", "? [1]\n: 2", "{"])
  func `refuses text that is no recipe`(yaml: String) {
    guard case .malformed(_, let line, let reason) = refusal(yaml) else {
      Issue.record("\(yaml): accepted or refused for another reason")
      return
    }
    #expect(line >= 1)
    #expect(!reason.isEmpty)
  }

  @Test func `refuses a key given twice`() {
    guard case .duplicateKey(_, let key) = refusal("seed: 1\nseed: 2\n") else {
      Issue.record("accepted or refused for another reason")
      return
    }
    #expect(key == "seed")
  }

  @Test func `a file that repeats itself by reference ends`() {
    var yaml = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for level in 1...30 {
      let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      yaml += "a\(level): &a\(level) [\(inner)]\n"
    }
    #expect(refusal(yaml) != nil)
  }

  @Test func `overrides are typed, in order, and stronger than the recipe`() throws {
    let recipe = try PretrainingRecipe.loaded(
      "small",
      overrides: [
        RecipeOverride(parsing: "isr.steps=5"), RecipeOverride(parsing: " isr.steps = 7 "),
        RecipeOverride(parsing: "report.pictures=off"),
        RecipeOverride(flag: "--backbone", key: "model.backbone", value: "resnet50"),
      ])
    #expect(recipe.isr.steps == 7)
    #expect(!recipe.report.pictures)
    #expect(recipe.model.backbone == "resnet50")
    #expect(recipe.model.imageHeight == 256)
  }

  @Test func `a transformer on tiny takes its start unless one of its keys is given`() throws {
    func recipe(_ name: String? = nil, _ overrides: String...) throws -> PretrainingRecipe {
      try PretrainingRecipe.loaded(
        name, overrides: overrides.map { try RecipeOverride(parsing: $0) })
    }
    let small = NamedRecipe.small.recipe
    let vision = "model.backbone=vit_tiny_patch16_224"
    let taken = try recipe(nil, vision, "isr.steps=9", "isr.pairsPerBatch=4")
    #expect(taken.isr.temperature == small.isr.temperature && taken.isr.reliability == .none)
    #expect(taken.model.embeddingNormalization == .batch && taken.isr.steps == 9)
    #expect(taken.isr.learningRate == small.isr.learningRate)
    let notice = try #require(taken.transformerNotice)
    #expect(notice.contains("recipe small") && notice.contains("isr.temperature=0.3"))
    // A value that is given stands, with tiny's others, also where it is tiny's own.
    let given = try recipe(nil, vision, "isr.temperature=0.1")
    #expect(given.isr == ISRSettings() && given.model.embeddingNormalization == .none)
    #expect(given.transformerNotice?.contains("by the settings given") == true)
    let plain = try recipe(nil, "model.backbone=resnet50")
    #expect(plain.isr == ISRSettings() && plain.transformerNotice == nil)
    #expect(try recipe("small") == small && small.transformerNotice == nil)
    let file = FileManager.default.temporaryDirectory.appending(path: "vit \(UUID()).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("model: {backbone: swin_tiny_patch4_window7_224}\n".utf8).write(to: file)
    #expect(try recipe(file.path).isr.temperature == 0.3)
    try Data("model: {backbone: vit_tiny_patch16_224}\nisr: {reliability: p}\n".utf8)
      .write(to: file)
    #expect(try recipe(file.path).isr == ISRSettings())
    // What a run wrote down is read back as it is.
    try Data(given.yaml().utf8).write(to: file)
    #expect(try recipe(file.path) == given)
  }

  @Test func `refuses malformed overrides`() {
    for text in ["isr.steps", "=3", "", "isr=3", "isr.=3", ".steps=3", "base=small"] {
      #expect(refusal(overrides: text) != nil, "\(text)")
    }
    #expect(refusal(overrides: "isr.step=3")?.description.contains("isr.steps") == true)
  }

  @Test func `a length in epochs clears the length in steps, and the other way`() throws {
    var recipe = PretrainingRecipe()
    try recipe.apply([RecipeOverride(parsing: "isr.epochs=3")])
    #expect(recipe.isr.steps == 0)
    #expect(recipe.isr.epochs == 3)
    try recipe.apply([RecipeOverride(parsing: "isr.steps=9")])
    #expect(recipe.isr.steps == 9)
    #expect(recipe.isr.epochs == 0)
    #expect(refusal("isr: {steps: 5, epochs: 2}") != nil)
    #expect(refusal("isr: {steps: 5, epochs: 0}") == nil)
  }

  @Test func `finds files and says what is wrong with others`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recipes \(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "größe.yaml")
    try Data("seed: 4\n".utf8).write(to: file)
    #expect(try PretrainingRecipe.loaded(file.path).seed == 4)
    #expect(throws: RecipeError.notFound(name: "tny", known: ["tiny", "small", "paper"])) {
      try PretrainingRecipe.loaded("tny")
    }
    #expect(throws: RecipeError.unreadable(file: folder.path, reason: "it is a folder")) {
      try PretrainingRecipe.loaded(folder.path)
    }
    try Data([0x73, 0xff, 0xfe]).write(to: file)
    #expect(throws: RecipeError.unreadable(file: file.path, reason: "it is not UTF-8 text")) {
      try PretrainingRecipe.loaded(file.path)
    }
  }

  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1),
    ("kitten", "sitting", 3), ("Seed", "seed", 0), ("ca", "abc", 3),
  ])
  func `counts edits`(first: String, second: String, expected: Int) {
    #expect(editDistance(first, second) == expected)
    #expect(editDistance(second, first) == expected)
  }
}
