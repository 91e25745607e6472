import Batches
import Datasets
import Foundation
import Images
import Layers
import Recipes
import Tasks
import Tensors
import Testing
import Training

@Suite struct ImageRestorationTests {
  /// Seven made photographs: soft colour surfaces with edges.
  private func withPictures(pairs: Bool, _ body: (URL) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("photographs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for folder in pairs ? ["train/input", "train/target"] : ["train"] {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    for number in 0..<7 {
      var pixels: [UInt8] = []
      for y in 0..<40 {
        for x in 0..<48 {
          for channel in 0..<3 {
            let soft = 90 + (x * (number + 1) + y * (channel + 2)) % 97
            pixels.append(UInt8(clamping: (x / 12 + y / 10) % 2 == 0 ? soft : soft / 2))
          }
        }
      }
      let image = Image(width: 48, height: 40, pixels: pixels)
      let name = "photo \(number).png"
      if pairs {
        try image.write(to: root.appendingPathComponent("train/target/\(name)"))
        var random = RandomStream(seed: UInt64(number))
        try DegradationChoice.noise(25).applied(to: image, random: &random)
          .write(to: root.appendingPathComponent("train/input/\(name)"))
      } else {
        try image.write(to: root.appendingPathComponent("train/\(name)"))
      }
    }
    try body(root)
  }

  private func recipe(_ degradation: String) -> RestorationRecipe {
    var recipe = RestorationRecipe()
    recipe.training.steps = 6
    recipe.training.evaluateEverySteps = 3
    recipe.training.validationShare = 0.3
    recipe.restoration.degradation = degradation
    recipe.restoration.crop = 16
    recipe.restoration.batch = 2
    recipe.restoration.overlap = 8
    return recipe
  }

  private func trainer(
    _ recipe: RestorationRecipe, _ root: URL, seed: Int = 1
  ) throws -> TaskTrainer<ImageRestoration> {
    let random = RandomStream(seed: UInt64(recipe.seed))
    let data = try RestorationData(
      root: root, settings: recipe.restoration, validationShare: recipe.training.validationShare,
      random: random.split("data"))
    let task = try ImageRestoration(
      data: data, recipe: recipe,
      model: try RestorationModel.load("random:nafnet_small", seed: seed),
      origin: "test")
    return TaskTrainer(task, settings: recipe.training, random: random)
  }

  @Test(arguments: ["paired", "noise25", "random"])
  func `a resumed run ends with the same bits`(_ degradation: String) throws {
    try withPictures(pairs: degradation == "paired") { root in
      let recipe = recipe(degradation)
      let straight = try trainer(recipe, root)
      let steps = try straight.run()
      #expect(steps.filter { $0.score != nil }.count == 2)
      #expect(straight.task.data.heldOut.count == 2 && straight.task.data.train.count == 5)
      let folder = CheckpointFolder(root.appendingPathComponent("last"))
      let first = try trainer(recipe, root)
      try first.run(until: 4)
      try first.save(to: folder, state: TaskState(threads: 1))
      let second = try trainer(recipe, root, seed: 9)
      _ = try second.restore(from: folder)
      try second.run()
      let isSame = second.weights == straight.weights
      #expect(isSame)
      let model = root.appendingPathComponent("model")
      try second.writeKept(to: model)
      let loaded = try RestorationModel.load(model.path)
      #expect(loaded.shape?.degradation == degradation && loaded.name == "nafnet_small")
    }
  }

  @Test func `learns to remove noise from what it sees`() throws {
    try withPictures(pairs: false) { root in
      var recipe = recipe("noise50")
      recipe.training.steps = 60
      recipe.training.validationShare = 0
      recipe.training.learningRate = 2e-3
      recipe.restoration.batch = 4
      let steps = try trainer(recipe, root).run()
      func mean(_ steps: ArraySlice<TaskStep>) -> Double {
        steps.compactMap { $0.values["trainPsnr"] }.reduce(0, +) / Double(steps.count)
      }
      #expect(mean(steps.suffix(10)) > mean(steps.prefix(3)) + 1.5)
    }
  }

  @Test
  func `a degradation is the same for a picture in every run, and different between pictures`()
    throws
  {
    let image = Image(width: 24, height: 24, red: 120, green: 90, blue: 60)
    for name in ["noise25", "jpeg10", "blur2", "sr4", "mixed", "random", "single", "fixed"] {
      let choice = try #require(DegradationChoice(name))
      #expect(choice.description == name)
      func spoiled(_ seed: UInt64) -> Image {
        var random = RandomStream(seed: seed)
        return choice.applied(to: image, random: &random)
      }
      #expect(spoiled(1) == spoiled(1), "\(name)")
      #expect(spoiled(1).width == 24 && spoiled(1).height == 24)
    }
    var random = RandomStream(seed: 1)
    let noisy = DegradationChoice.noise(25).applied(
      to: Image(width: 64, height: 64, red: 128, green: 128, blue: 128), random: &random)
    let squares = noisy.pixels.reduce(0.0) { $0 + pow(Double($1) - 128, 2) }
    #expect(abs((squares / Double(noisy.pixels.count)).squareRoot() - 25) < 0.7)
    #expect(DegradationChoice("noise") == nil && DegradationChoice("fog3") == nil)
  }

  @Test func `a limited set of clean pictures is spoiled once`() throws {
    try withPictures(pairs: false) { root in
      let item = RestorationItem(
        name: "photo 0.png", clean: root.appendingPathComponent("train/photo 0.png").path)
      // Crops are as high as the picture and 8 columns narrower: what two of them share is compared.
      let clean = try Image(contentsOf: URL(fileURLWithPath: item.clean))
      func noise(_ areFixed: Bool) throws -> Set<[Int]> {
        let pictures = RestorationPictures(
          .noise(25), areFixed: areFixed, random: RandomStream(seed: 5))
        return Set(
          try (0..<6).map { draw in
            var random = RandomStream(seed: UInt64(draw))
            let pair = try pictures.crop(of: item, side: 40, mirrors: false, random: &random)
            // Where the crop was cut is told by its clean form.
            let left = try #require(
              (0...8).first { left in
                pair.clean.pixels[0..<30].elementsEqual(clean.pixels[(3 * left)..<(3 * left + 30)])
              })
            let start = 3 * (8 - left)
            return zip(
              pair.degraded.pixels[start..<(start + 30)], pair.clean.pixels[start..<(start + 30)]
            ).map { Int($0) - Int($1) }
          })
      }
      #expect(try noise(true).count == 1)
      #expect(try noise(false).count > 1)
      var recipe = recipe("noise25")
      recipe.restoration.pairLimit = 3
      let limited = try trainer(recipe, root)
      #expect(limited.task.areFixedPairs && limited.task.data.train.count == 3)
      recipe.restoration.pairLimit = 0
      #expect(try !trainer(recipe, root).task.areFixedPairs)
    }
  }

  @Test func `what cannot be learned is said`() throws {
    try withPictures(pairs: false) { root in
      var recipe = recipe("noise25")
      recipe.restoration.crop = 64
      let trainer = try trainer(recipe, root)
      let error = #expect(throws: (any Error).self) { try trainer.advance() }
      let text = "\(try #require(error))"
      #expect(text.contains("48x40") && text.contains("restoration.crop"))
      recipe.restoration.degradation = "fog3"
      let unknown = #expect(throws: TaskError.self) { try self.trainer(recipe, root) }
      let words = try #require(unknown).description
      #expect(words.contains("fog3") && words.contains("noise25"))
    }
  }

  @Test func `folders of tiles are held out as a whole`() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("tiles-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for photograph in 0..<6 {
      for tile in 0..<4 {
        let file = root.appendingPathComponent("train/photo\(photograph)/\(tile).png")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Image(width: 16, height: 16).write(to: file)
      }
    }
    let data = try RestorationData(
      root: root, settings: recipe("noise25").restoration, validationShare: 0.34,
      random: RandomStream(seed: 3))
    func folders(_ items: [RestorationItem]) -> Set<String?> {
      Set(items.map { RestorationData.folder(of: $0.name) })
    }
    #expect(folders(data.heldOut).count == 2 && data.heldOut.count == 8)
    #expect(folders(data.train).isDisjoint(with: folders(data.heldOut)))
    #expect(data.notes.contains { $0.contains("2 of 6 folders") })
    #expect(!RestorationData.areFolders(["a/1", "b/1", "c/1", "d/1", "1"]))
  }
}
