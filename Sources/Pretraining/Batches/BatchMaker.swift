public import Backbones
import Datasets
import Foundation
import Images
public import Recipes
public import Tensors

/// Pictures of one masked step and their masks.
public struct MaskedBatch: Sendable {
  /// `[batch, height, width, 3]`, normalised.
  public let images: Tensor
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

/// Builds the batch of any step from the seed and the step's number alone.
public struct BatchMaker: Sendable {
  private let source: CropSource
  private let recipe: PretrainingRecipe
  private let extent: Extent
  private let preprocessing: Preprocessing
  private let random: RandomStream
  private let sampler: FramePairSampler
  private let masks: MaskGenerator?
  private let styles: [CameraStyle]

  /// Prepares the samplers and measures the colours of every video.
  public init(
    source: CropSource, recipe: PretrainingRecipe, extent: Extent, preprocessing: Preprocessing,
    random: RandomStream
  ) throws {
    self.source = source
    self.recipe = recipe
    self.extent = extent
    self.preprocessing = preprocessing
    self.random = random
    sampler = FramePairSampler(
      frames: source.store.frames(), settings: recipe.isr,
      samplingRate: recipe.extraction.samplingRate, random: random)
    // Without masked modelling the unit may be anything, even one that does not divide the picture.
    masks =
      recipe.schedule.objective.includesMasking
      ? MaskGenerator(
        image: extent, unit: recipe.simmim.maskUnit, ratio: recipe.simmim.maskRatio) : nil
    styles =
      recipe.isr.augmentation.cameraStyle > 0 ? try Self.styles(of: source) : []
  }

  /// Frames that can take part in a pair.
  public var pairableFrames: Int { sampler.frameCount }

  /// Whether any two frames can make a pair at all.
  public var hasPairs: Bool { sampler.hasPairs }

  /// The generator of masks; only for a recipe that includes masked modelling.
  public var maskGenerator: MaskGenerator {
    guard let masks else { preconditionFailure("BatchMaker: the recipe has no masked modelling") }
    return masks
  }

  private static func styles(of source: CropSource) throws -> [CameraStyle] {
    let store = source.store
    var byVideo = [[Int]](repeating: [], count: store.videos.count)
    for index in 0..<store.count { byVideo[store.video(at: index)].append(index) }
    return try byVideo.map { crops in
      // Up to 128 crops spread over the video are enough for a mean and a deviation.
      let step = max(1, crops.count / 128)
      let images = try stride(from: 0, to: crops.count, by: step).map {
        try source.image(at: crops[$0])
      }
      return CameraStyle(of: images)
    }
  }

  /// The pictures of a masked step; `part` counts the forward passes of one update.
  public func maskedBatch(step: Int, part: Int = 0) throws -> MaskedBatch {
    let size = min(recipe.simmim.batch, source.store.count)
    let position = (step * recipe.optimizer.gradientAccumulation + part) * size
    let indices = order(from: position, count: size)
    var random = random.split("masked").split(step).split(part)
    var images: [Image] = []
    var changes: [PictureChange] = []
    var drawn: [[Bool]] = []
    for index in indices {
      let image = try source.image(at: index)
      images.append(image)
      changes.append(recipe.simmim.augmentation.change(of: image, random: &random))
      drawn.append(maskGenerator.mask(random: &random))
    }
    return MaskedBatch(
      images: PictureBatch.tensor(
        images, changes: changes, extent: extent, preprocessing: preprocessing),
      masks: drawn)
  }

  /// Positions `start ..< start + count` of an endless sequence of shuffled passes over the store.
  private func order(from start: Int, count: Int) -> [Int] {
    let total = source.store.count
    var result: [Int] = []
    var position = start
    while result.count < count {
      var random = random.split("epoch").split(position / total)
      let permutation = random.permutation(total)
      let offset = position % total
      let taken = permutation[offset..<min(offset + count - result.count, total)]
      result += taken
      position += taken.count
    }
    return result
  }

  /// The crops of a pair step.
  public func pairedBatch(step: Int, progress: Double) throws -> PairedBatch {
    let pairs = sampler.pairs(step: step, progress: progress)
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
          style: styles.isEmpty ? nil : styles[source.store.video(at: index)], styles: styles,
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
