public import Datasets
import Images
import Metrics
public import Tasks

/// Labelled pictures that a baseline such as `baseline:histogram-lda` is fitted on, which must not be
/// those of the test.
public struct FittingPictures: Sendable {
  /// Where they are, for messages.
  public let path: String
  private let pictures: [FacePicture]
  private let preparation: FacePreparation?

  /// The training split of a person folder; nil without one.
  public init?(_ folder: PersonFolder) {
    self.init(folder.train, path: folder.path)
  }

  /// Pictures of persons; nil without any.
  public init?(_ images: [LabelledImage], path: String) {
    guard !images.isEmpty else { return nil }
    self.path = path
    pictures = images.map { FacePicture(path: $0.path, person: $0.person) }
    preparation = nil
  }

  /// Faces, prepared as those of the test are; nil where some of them are in the test.
  public init?(_ faces: [FacePicture], path: String, preparation: FacePreparation, test: FaceTest) {
    let asked = Set(
      test.pairs.flatMap(\.pictures).map(\.path)
        + (test.search.map { $0.probes + $0.gallery } ?? []).map(\.path)
        + (test.templates?.pictures ?? []).map(\.path))
    guard !faces.isEmpty, !faces.contains(where: { asked.contains($0.path) }) else { return nil }
    self.path = path
    pictures = faces
    self.preparation = preparation
  }

  /// Directions fitted on the descriptions of the pictures that can be decoded.
  ///
  /// - Throws: ``EvaluationError/nothingReadable(set:count:path:reason:)`` without a single picture,
  ///   `MetricsError` for pictures of one person.
  func discriminant(of feature: any ImageFeature) throws -> LinearDiscriminant {
    var values: [Float] = []
    var persons: [Int] = []
    var first: (path: String, reason: String)?
    for picture in pictures {
      do {
        let image = try preparation?.image(picture) ?? picture.image()
        values += feature.features(of: image)
        persons.append(picture.person)
      } catch {
        if first == nil {
          first = (picture.path, (error as? ImageError)?.shortReason ?? "\(error)")
        }
      }
    }
    if persons.isEmpty, let first {
      throw EvaluationError.nothingReadable(
        set: "training split", count: pictures.count, path: first.path, reason: first.reason)
    }
    return try LinearDiscriminant(features: values, width: feature.width, classes: persons)
  }
}
