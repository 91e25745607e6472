public import Backbones
import Batches
import Datasets
import Foundation
import Images
public import Metrics
public import Recipes
import Synchronization
public import Tensors

/// Pictures of one masked step and their masks.
public struct MaskedBatch: Sendable {
  /// `[batch, height, width, 3]`, normalised.
  public let images: Tensor
  /// What is to be reconstructed, of the same shape.
  public let target: Tensor
  /// Per picture one mark per unit, true is hidden.
  public let masks: [[Bool]]
}

/// Crops of one pair step, seen twice.
public struct PairedBatch: Sendable {
  /// The frame pairs; their crops are the rows below, first frame then second, pair after pair.
  public let framePairs: [FramePair]
  /// Augmented crops, `[crops, height, width, 3]`.
  public let images: Tensor
  /// The same crops unchanged, for matching; `nil` when matching looks at the augmented ones or
  /// nothing is matched.
  public let cleanImages: Tensor?
  /// Positions of the rows in the store.
  public let crops: [Int]
}

/// Builds the batch of any step from the seed, the step's number, and the crops that it may see.
public final class BatchMaker: Sendable {
  /// What the batches are drawn from.
  private struct Pool {
    var crops: VisibleCrops
    var styles: CameraStyles
    /// The shuffled crops of one pass, kept because the next steps need them too.
    var pass: (number: Int, order: [Int])?
  }

  private let source: CropSource
  private let recipe: PretrainingRecipe
  private let extent: Extent
  private let preprocessing: Preprocessing
  private let random: RandomStream
  private let masks: MaskGenerator?
  private let pool: Mutex<Pool>

  /// Prepares the samplers; no crop is visible before ``reveal(_:)``.
  ///
  /// With `holdsOut` the crops of the last video are kept from masked batches.
  public init(
    source: CropSource, recipe: PretrainingRecipe, extent: Extent, preprocessing: Preprocessing,
    random: RandomStream, holdsOut: Bool = false
  ) {
    self.source = source
    self.recipe = recipe
    self.extent = extent
    self.preprocessing = preprocessing
    self.random = random
    pool = Mutex(
      Pool(
        crops: VisibleCrops(
          feed: source.feed, recipe: recipe, random: random, holdsOut: holdsOut),
        styles: CameraStyles(source: source)))
    // Without masked modelling the unit may be anything, even one that does not divide the picture.
    masks =
      recipe.schedule.objective.includesMasking
      ? MaskGenerator(
        image: extent, unit: recipe.simmim.maskUnit, ratio: recipe.simmim.maskRatio) : nil
  }

  /// Lets the coming batches draw from the first `frames` usable frames; `Int.max` means all.
  ///
  /// Waits for frames that have not been read yet.
  /// - Returns: the seconds spent waiting.
  /// - Throws: the error by which the reading of the footage ended.
  @discardableResult
  public func reveal(_ frames: Int) throws -> Double {
    let start = ContinuousClock.now
    try pool.withLock { try $0.crops.reveal(frames) }
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Visible crops.
  public var crops: Int { pool.withLock { $0.crops.crops } }

  /// Visible crops that masked batches are drawn from.
  public var maskedCrops: Int { pool.withLock { $0.crops.maskedCrops } }

  /// Visible crops that are kept from masked batches; nil for none.
  public var heldOut: Range<Int>? { pool.withLock { $0.crops.heldOut } }

  /// Visible frames that can take part in a pair.
  public var pairableFrames: Int { pool.withLock { $0.crops.sampler.frameCount } }

  /// Whether any two visible frames can make a pair at all.
  public var hasPairs: Bool { pool.withLock { $0.crops.sampler.hasPairs } }

  /// The generator of masks; only for a recipe that includes masked modelling.
  public var maskGenerator: MaskGenerator {
    guard let masks else { preconditionFailure("BatchMaker: the recipe has no masked modelling") }
    return masks
  }

  /// The pictures of a masked step; `part` counts the forward passes of one update.
  public func maskedBatch(step: Int, part: Int = 0) throws -> MaskedBatch {
    var random = random.split("masked").split(step).split(part)
    var images: [Image] = []
    var changes: [PictureChange] = []
    var drawn: [[Bool]] = []
    for index in maskedCrops(step: step, part: part) {
      let image = try source.image(at: index)
      images.append(image)
      changes.append(recipe.simmim.augmentation.change(of: image, random: &random))
      drawn.append(maskGenerator.mask(random: &random))
    }
    let pictures = PictureBatch.tensor(
      images, changes: changes, extent: extent, preprocessing: preprocessing)
    return MaskedBatch(
      images: pictures, target: recipe.simmim.target(of: pictures), masks: drawn)
  }

  /// The crops of a masked step: the next of an endless sequence of shuffled passes over all crops, or
  /// any of the visible ones while there are others to come.
  private func maskedCrops(step: Int, part: Int) -> [Int] {
    let (total, isEverything) = pool.withLock { ($0.crops.maskedCrops, $0.crops.isEverything) }
    let size = min(recipe.simmim.batch, total)
    guard isEverything else {
      var random = random.split("head").split(step).split(part)
      return Array(random.permutation(total).prefix(size))
    }
    var result: [Int] = []
    var position = (step * recipe.optimizer.gradientAccumulation + part) * size
    while result.count < size {
      let order = order(pass: position / total, of: total)
      let offset = position % total
      let taken = order[offset..<min(offset + size - result.count, total)]
      result += taken
      position += taken.count
    }
    return result
  }

  /// All crops in the order of a pass; shuffled once, not in every step.
  private func order(pass number: Int, of total: Int) -> [Int] {
    pool.withLock { pool in
      if let pass = pool.pass, pass.number == number, pass.order.count == total {
        return pass.order
      }
      var random = random.split("epoch").split(number)
      let order = random.permutation(total)
      pool.pass = (number, order)
      return order
    }
  }

  /// The crops of a pair step.
  public func pairedBatch(step: Int, progress: Double) throws -> PairedBatch {
    let (pairs, styles) = try pool.withLock { pool in
      (
        pool.crops.sampler.pairs(step: step, progress: progress),
        recipe.isr.augmentation.cameraStyle > 0 ? try pool.styles.styles(of: pool.crops) : [:]
      )
    }
    let cameras = styles.keys.sorted().compactMap { styles[$0] }
    let crops = pairs.flatMap { $0.first + $0.second }
    let base = random.split("augmentation").split(step)
    var images: [Image] = []
    var changes: [PictureChange] = []
    for (row, index) in crops.enumerated() {
      let image = try source.image(at: index)
      var random = base.split(row)
      images.append(image)
      changes.append(
        recipe.isr.augmentation.change(
          of: image, extent: extent,
          style: styles[source.store.video(at: index)], styles: cameras,
          random: &random))
    }
    let isClean = recipe.isr.matchView == .clean && recipe.isr.reliability != .cycas
    return PairedBatch(
      framePairs: pairs,
      images: PictureBatch.tensor(
        images, changes: changes, extent: extent, preprocessing: preprocessing),
      cleanImages: isClean
        ? PictureBatch.tensor(images, extent: extent, preprocessing: preprocessing) : nil,
      crops: crops)
  }
}
