import Datasets
import Recipes
import Tensors

/// The crops that a step may draw from: the first frames of a feed, up to the number its rule allows.
struct VisibleCrops {
  /// Frames taken from the feed.
  private(set) var frames = 0
  /// Frames among them that the objective can use.
  private(set) var usableFrames = 0
  /// Crops in these frames: positions 0 ..< crops of the store.
  private(set) var crops = 0
  /// Whether these are all crops of the footage.
  private(set) var isEverything = false
  /// Draws frame pairs among them.
  private(set) var sampler: FramePairSampler
  /// The crops of each video, by its number.
  private(set) var videos: [Int: Range<Int>] = [:]

  private let feed: CropFeed
  private let empty: FramePairSampler
  private let needsPairs: Bool
  private let holdsOut: Bool
  private var hasPairs: Bool
  private var limit = 0

  init(feed: CropFeed, recipe: PretrainingRecipe, random: RandomStream, holdsOut: Bool = false) {
    self.feed = feed
    self.holdsOut = holdsOut
    empty = FramePairSampler(
      settings: recipe.isr, samplingRate: recipe.extraction.samplingRate, random: random)
    sampler = empty
    needsPairs = recipe.schedule.objective.includesPairs
    hasPairs = !needsPairs
  }

  /// The crops that masked modelling must not see: those of the last video read, once there is another.
  ///
  /// While there are videos to come, the last one so far is left out, and seen when another follows it.
  var heldOut: Range<Int>? {
    guard holdsOut, videos.count > 1 else { return nil }
    return videos.values.max { $0.lowerBound < $1.lowerBound }
  }

  /// Crops that masked modelling may see: positions 0 ..< maskedCrops of the store.
  var maskedCrops: Int { heldOut?.lowerBound ?? crops }

  /// Shows the first `limit` usable frames, and as many more as it takes until there is a pair.
  ///
  /// Where pairs are learned, frames of at least two crops are usable, else all that hold a crop. Waits
  /// for frames that have not been read yet.
  ///
  /// - Throws: the error by which the reading of the footage ended.
  mutating func reveal(_ limit: Int) throws {
    if limit < self.limit { forget() }
    self.limit = limit
    while !isEverything, usableFrames < limit || !hasPairs {
      guard let frame = try feed.frame(at: frames) else {
        isEverything = true
        break
      }
      take(frame)
    }
  }

  /// A trainer that goes back sees less again.
  private mutating func forget() {
    (frames, usableFrames, crops, isEverything) = (0, 0, 0, false)
    sampler = empty
    videos = [:]
    hasPairs = !needsPairs
  }

  private mutating func take(_ frame: CropFrame) {
    frames += 1
    crops = frame.crops.upperBound
    let start = videos[frame.video]?.lowerBound ?? frame.crops.lowerBound
    videos[frame.video] = start..<crops
    sampler.append(frame)
    guard frame.crops.count >= (needsPairs ? 2 : 1) else { return }
    usableFrames += 1
    // Looked up at powers of two only: where the first pair lies then depends on the footage alone,
    // and the search costs no more than a few passes over the frames.
    if !hasPairs, usableFrames & (usableFrames - 1) == 0 { hasPairs = sampler.hasPairs }
  }
}
