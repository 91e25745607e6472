import Backbones
import Batches
import Datasets
import Images
import Recipes
import Synchronization
public import Tensors

/// Pictures of a few persons, several of each.
public struct ReIDBatch: Sendable {
  /// `[batch, height, width, 3]`, normalised.
  public let images: Tensor
  /// The class of each picture.
  public let classes: [Int]
  /// The camera of each picture; nil where it is not known.
  public let cameras: [Int?]
  /// Places of the pictures in the training set, and whether each was mirrored.
  public let places: [(index: Int, isMirrored: Bool)]
}

/// Builds the batch of any step from the seed and the step's number alone.
final class ReIDBatchMaker: Sendable {
  private struct Epoch {
    var number = 0
    var start = 0
    var batches: [[Int]]
  }

  let sampler: PersonSampler
  private let data: ReIDData
  private let recipe: ReIDRecipe
  private let extent: Extent
  private let preprocessing: Preprocessing
  private let random: RandomStream
  private let styles: [Int: CameraStyle]
  private let epoch: Mutex<Epoch>
  let pictures: PictureSource

  init(
    data: ReIDData, recipe: ReIDRecipe, extent: Extent, preprocessing: Preprocessing,
    random: RandomStream
  ) throws {
    self.data = data
    self.recipe = recipe
    self.extent = extent
    self.preprocessing = preprocessing
    self.random = random
    var draw = random.split("sampler")
    sampler = try PersonSampler(
      persons: data.classes, cameras: data.train.map(\.camera),
      personsPerBatch: recipe.reid.personsPerBatch, imagesPerPerson: recipe.reid.imagesPerPerson,
      mixesCameras: recipe.reid.mixesCameras,
      seed: UInt64(draw.nextBits()) << 32 | UInt64(draw.nextBits()))
    epoch = Mutex(Epoch(batches: sampler.batches(epoch: 0)))
    pictures = PictureSource(extent: extent)
    styles =
      recipe.augmentation.cameraStyle > 0
      ? try Self.styles(of: data.train, pictures: pictures) : [:]
  }

  /// Colours of every camera, from up to 128 of its pictures.
  private static func styles(
    of images: [LabelledImage], pictures: PictureSource
  ) throws -> [Int: CameraStyle] {
    var byCamera: [Int: [String]] = [:]
    for image in images {
      if let camera = image.camera { byCamera[camera, default: []].append(image.path) }
    }
    return try byCamera.mapValues { paths in
      let step = max(1, paths.count / 128)
      let images = stride(from: 0, to: paths.count, by: step).compactMap {
        pictures.imageIfReadable(paths[$0])
      }
      guard !images.isEmpty else {
        throw TaskError.unsuitableData(
          reason: "None of the pictures of a camera can be read; the first is \"\(paths[0])\".")
      }
      return CameraStyle(of: images)
    }
  }

  /// Steps of a number of passes over the data.
  func steps(epochs: Int) -> Int {
    (0..<epochs).reduce(0) { $0 + sampler.batches(epoch: $1).count }
  }

  /// Places of the pictures of a step, the pictures of a person side by side.
  func places(step: Int) -> [Int] {
    epoch.withLock { epoch in
      if step < epoch.start { epoch = Epoch(batches: sampler.batches(epoch: 0)) }
      while step >= epoch.start + epoch.batches.count {
        epoch.start += epoch.batches.count
        epoch.number += 1
        epoch.batches = sampler.batches(epoch: epoch.number)
      }
      return epoch.batches[step - epoch.start]
    }
  }

  /// The pictures of a step.
  func batch(step: Int) throws -> ReIDBatch {
    let base = random.split("augmentation").split(step)
    let cameras = styles.keys.sorted().compactMap { styles[$0] }
    var images: [Image] = []
    var changes: [PictureChange] = []
    let places = places(step: step)
    for (row, place) in places.enumerated() {
      let source = data.train[place]
      let image = try pictures.image(source.path, orOneOf: alternatives(to: place))
      var random = base.split(row)
      images.append(image)
      changes.append(
        recipe.augmentation.change(
          of: image, extent: extent, style: source.camera.flatMap { styles[$0] }, styles: cameras,
          random: &random))
    }
    return ReIDBatch(
      images: PictureBatch.tensor(
        images, changes: changes, extent: extent, preprocessing: preprocessing),
      classes: places.map { data.classes[$0] }, cameras: places.map { data.train[$0].camera },
      places: zip(places, changes).map { ($0, $1.flips) })
  }

  /// The other pictures of the same person, in their order.
  private func alternatives(to place: Int) -> [String] {
    let own = data.classes[place]
    return data.classes.indices.filter { data.classes[$0] == own && $0 != place }
      .map { data.train[$0].path }
  }
}
