import Backbones
import Datasets
import Foundation
import Images
import Layers
import Recipes
import Storage
import Tasks
import Tensors
import Training

/// Small made pictures of persons who differ in the colours they wear, seen by two cameras.
struct ColouredPeople {
  let root: URL

  /// Writes `train` of a set in Market-1501 layout.
  init(persons: Int = 6, imagesPerCamera: Int = 2) throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("coloured-\(UUID().uuidString)")
    let folder = root.appendingPathComponent("bounding_box_train")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for person in 1...persons {
      for camera in 1...2 {
        for shot in 0..<imagesPerCamera {
          let name = "000\(person)_c\(camera)s1_00000\(shot)_00.png"
          try Self.picture(person: person, shift: 5 * camera + 9 * shot)
            .write(to: folder.appendingPathComponent(name))
        }
      }
    }
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  /// 16 by 32 pixels: one colour above, another below, some texture.
  static func picture(person: Int, shift: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<32 {
      for x in 0..<16 {
        let part = y < 16 ? person : person / 2 + 3
        for channel in 0..<3 {
          let base = 40 + 60 * ((part >> channel) & 1) + 30 * ((part * (channel + 1)) % 3)
          pixels.append(UInt8(clamping: base + shift + 7 * ((x + y + person) % 3)))
        }
      }
    }
    return Image(width: 16, height: 32, pixels: pixels)
  }

  var folder: PersonFolder {
    get throws { try PersonFolder(root: root) }
  }

  /// A recipe for seconds.
  static var recipe: ReIDRecipe {
    var recipe = ReIDRecipe()
    recipe.training.steps = 6
    recipe.training.evaluateEverySteps = 3
    recipe.training.validationShare = 0.34
    recipe.reid.personsPerBatch = 3
    recipe.reid.imagesPerPerson = 2
    return recipe
  }

  func data(_ recipe: ReIDRecipe = Self.recipe) throws -> ReIDData {
    try ReIDData(
      try folder, settings: recipe.reid, validationShare: recipe.training.validationShare,
      random: RandomStream(seed: UInt64(recipe.seed)).split("data"))
  }

  /// A trainer of the small network for 32 by 16 pixels.
  func trainer(_ recipe: ReIDRecipe = Self.recipe, seed: Int = 1) throws -> TaskTrainer<PersonReID>
  {
    let start = try ModelFolder.load("random:convnet_small@32x16", seed: seed)
    let task = try PersonReID(data: try data(recipe), recipe: recipe, start: start, origin: "test")
    return TaskTrainer(
      task, settings: recipe.training, random: RandomStream(seed: UInt64(recipe.seed)))
  }
}

extension TaskTrainer {
  /// Every weight and running statistic of the network.
  var weights: [[Float]] {
    task.parameters.map(\.parameter.value.values)
      + task.network.buffers.map(\.buffer.value.values)
  }

  /// Runs until a step, or to the end.
  @discardableResult
  func run(until end: Int = .max) throws -> [TaskStep] {
    var steps: [TaskStep] = []
    while !isFinished, step < end { steps.append(try advance()) }
    return steps
  }
}
