import Backbones
import Batches
import Datasets
public import Images
import Recipes
import Synchronization
public import Tensors

/// Prepared faces of one step.
public struct FaceBatch: Sendable {
  /// Number of the step.
  public let step: Int
  /// `[batch, height, width, 3]`, normalised.
  public let images: Tensor
  /// The class of each picture.
  public let classes: [Int]
  /// The pictures before they are varied, for those who measure how good they are; nil where nobody asks.
  public let pictures: [Image]?
  /// Places of the pictures in the training set, and whether each was mirrored.
  public let places: [(index: Int, isMirrored: Bool)]
}

/// Builds the batch of any step from the seed and the step's number alone.
final class FaceBatchMaker: Sendable {
  private let data: FaceData
  private let recipe: FaceRecipe
  private let extent: Extent
  private let preprocessing: Preprocessing
  private let random: RandomStream
  private let sampler: EpochSampler
  private let cache = ImageCache<String>(limitBytes: 256 << 20)
  private let damaged = Mutex<[String: String]>([:])
  /// The order of the epoch at hand: a set of millions is not shuffled anew for every step.
  private let order: Mutex<(epoch: Int, places: [Int])>
  let preparation: FacePreparation
  /// Whether batches keep their pictures, because an adapter wants to know how good each is.
  let keepsPictures: Bool

  init(
    data: FaceData, recipe: FaceRecipe, extent: Extent, preprocessing: Preprocessing,
    keepsPictures: Bool, random: RandomStream
  ) {
    self.data = data
    self.recipe = recipe
    self.extent = extent
    self.preprocessing = preprocessing
    self.keepsPictures = keepsPictures
    self.random = random
    preparation = FacePreparation(size: recipe.face.alignedSize)
    var draw = random.split("sampler")
    sampler = EpochSampler(
      count: data.train.count, batchSize: min(recipe.face.batchSize, data.train.count),
      dropsLast: true, seed: UInt64(draw.nextBits()) << 32 | UInt64(draw.nextBits()))
    order = Mutex((0, sampler.order(epoch: 0)))
  }

  /// Places of the pictures of a step.
  private func places(step: Int) -> [Int] {
    let (epoch, batch) = (step / sampler.batchesPerEpoch, step % sampler.batchesPerEpoch)
    return order.withLock { order in
      if order.epoch != epoch { order = (epoch, sampler.order(epoch: epoch)) }
      return Array(order.places[(batch * sampler.batchSize)..<((batch + 1) * sampler.batchSize)])
    }
  }

  /// Pictures that could not be decoded so far, sorted by path.
  var skipped: [SkippedFile] {
    damaged.withLock { $0 }.sorted { $0.key < $1.key }
      .map { SkippedFile(path: $0.key, reason: $0.value) }
  }

  func steps(epochs: Int) -> Int { epochs * sampler.batchesPerEpoch }

  /// A prepared picture, or nil if it cannot be decoded; then it is listed.
  func imageIfReadable(_ picture: FacePicture) -> Image? {
    if damaged.withLock({ $0[picture.path] != nil }) { return nil }
    do {
      return try cache.image(picture.path) { try preparation.image(picture) }
    } catch {
      damaged.withLock { $0[picture.path] = "\(error)" }
      return nil
    }
  }

  /// The picture of a place, or in its stead the first readable one of the same person.
  private func image(at place: Int) throws -> Image {
    if let image = imageIfReadable(data.train[place]) { return image }
    let own = data.classes[place]
    for other in data.train.indices where data.classes[other] == own && other != place {
      if let image = imageIfReadable(data.train[other]) { return image }
    }
    throw TaskError.unsuitableData(
      reason:
        "\"\(data.train[place].path)\" cannot be decoded, nor any other picture of its person; "
        + "replace it or remove its folder.")
  }

  /// The pictures of a step.
  func batch(step: Int) throws -> FaceBatch {
    let places = places(step: step)
    let base = random.split("augmentation").split(step)
    var images: [Image] = []
    var changes: [PictureChange] = []
    for (row, place) in places.enumerated() {
      var random = base.split(row)
      let image = reduced(try image(at: place), random: &random)
      images.append(image)
      changes.append(
        recipe.augmentation.change(
          of: image, extent: extent, style: nil, styles: [], random: &random))
    }
    return FaceBatch(
      step: step,
      images: PictureBatch.tensor(
        images, changes: changes, extent: extent, preprocessing: preprocessing),
      classes: places.map { data.classes[$0] },
      pictures: keepsPictures ? images : nil,
      places: zip(places, changes).map { ($0, $1.flips) })
  }

  /// Now and then a picture loses resolution: smaller by a random filter, and back by another.
  private func reduced(_ image: Image, random: inout RandomStream) -> Image {
    let settings = recipe.face
    guard Double(random.uniform()) < settings.lowResolution else { return image }
    let low = Float(settings.lowResolutionMinimum)
    let share = low + (1 - low) * random.uniform()
    let filters: [ResamplingFilter] = [.nearest, .bilinear, .bicubic]
    func filter() -> ResamplingFilter { filters[min(Int(random.uniform() * 3), 2)] }
    let small = image.resized(
      width: max(1, Int(Float(image.width) * share)),
      height: max(1, Int(Float(image.height) * share)), filter: filter())
    return small.resized(width: image.width, height: image.height, filter: filter())
  }

  /// At most `limit` training pictures, spread over all persons.
  func someImages(limit: Int = 200) -> [Image] {
    let step = max(1, data.train.count / limit)
    return stride(from: 0, to: data.train.count, by: step).compactMap {
      imageIfReadable(data.train[$0])
    }
  }
}
