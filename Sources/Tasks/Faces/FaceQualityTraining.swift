import Batches
import Images
public import Quality
public import Recipes
import Tensors

/// Teaches a network to see how poor a face picture is, from the training pictures of a face run and the
/// tool-kit's own degradations.
public struct FaceQualityTraining {
  private let pictures: [Image]
  private let judged: [Image]
  private let trainer: QualityTrainer

  /// Prepares pictures; every fifth is kept for the judgement.
  ///
  /// - Parameters:
  ///   - data: the training pictures.
  ///   - recipe: size of the pictures, steps and seed.
  /// - Throws: `QualityError.noPictures` where none can be decoded.
  public init(_ data: FaceData, recipe: FaceRecipe) throws(QualityError) {
    let preparation = FacePreparation(size: recipe.face.alignedSize)
    let stride = Swift.max(1, data.train.count / Self.limit)
    var (learned, judged) = ([Image](), [Image]())
    for place in Swift.stride(from: 0, to: data.train.count, by: stride) {
      guard let image = try? preparation.image(data.train[place]) else { continue }
      if (learned.count + judged.count) % 5 == 4 {
        judged.append(image)
      } else {
        learned.append(image)
      }
    }
    guard !learned.isEmpty else { throw .noPictures }
    pictures = learned
    self.judged = judged
    var settings = QualityTrainer.Settings()
    settings.steps = recipe.face.qualitySteps
    settings.height = recipe.face.alignedSize
    settings.width = recipe.face.alignedSize
    settings.seed = UInt64(recipe.seed)
    trainer = QualityTrainer(settings)
  }

  /// Pictures that are looked at; 112 × 112 pixels of each take 60 MB together.
  private static let limit = 1600

  /// Steps of the training.
  public var steps: Int { trainer.settings.steps }

  /// Trains the network.
  ///
  /// - Parameter progress: called after every step with the loss; may throw to stop.
  /// - Returns: the network, and how well it orders pictures it has not seen; nil without such.
  public func run(
    progress: (Float) throws -> Void
  ) throws -> (quality: LearnedQuality, score: QualityTrainer.Score?) {
    let quality = try trainer.train(
      pictures: pictures.count, picture: { pictures[$0] }, spoil: Degradation.spoiled
    ) { _, loss in try progress(loss) }
    let score =
      judged.count > 1
      ? try trainer.score(
        quality, pictures: judged.count, picture: { judged[$0] }, spoil: Degradation.spoiled) : nil
    return (quality, score)
  }
}
