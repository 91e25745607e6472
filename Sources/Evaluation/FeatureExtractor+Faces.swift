import Datasets
import Images
import Metrics
import Quality
import Tasks
import Tensors
import Training

extension FeatureExtractor {
  /// Describes faces, batch by batch; the next batches are prepared meanwhile.
  ///
  /// - Parameters:
  ///   - pictures: the faces; those that cannot be decoded are left out and listed.
  ///   - preparation: how they are aligned and sized.
  ///   - rows: rows they are reduced to first; nil leaves them as they are.
  ///   - fusion: how a picture and its mirror image become one vector.
  ///   - progress: called with the number of pictures of each finished batch.
  /// - Returns: one row, of any length, for every picture that could be decoded, in order.
  /// - Throws: ``EvaluationError/nothingReadable(set:count:path:reason:)`` without a single picture,
  ///   ``EvaluationError/notFinite(model:path:)`` for a broken model.
  func features(
    ofFaces pictures: [FacePicture], preparation: FacePreparation, rows: Int? = nil,
    fusion: FeatureFusion, progress: (Int) -> Void = { _ in }
  ) throws -> FeatureMatrix {
    let start = ContinuousClock.now
    var matrix = FeatureMatrix(width: width)
    let size = Self.batchSize
    let count = (pictures.count + size - 1) / size
    func range(_ step: Int) -> Range<Int> {
      (step * size)..<min((step + 1) * size, pictures.count)
    }
    let groups = Prefetcher(from: 0, to: count) { step in
      FaceGroup(
        pictures, range: (step * size)..<min((step + 1) * size, pictures.count),
        preparation: preparation, rows: rows, flips: fusion != .none)
    }
    for step in 0..<count {
      guard let group = try groups.next()?.batch else { break }
      matrix.skipped += group.skipped
      matrix.kept += group.kept
      if !group.images.isEmpty {
        var values = values(of: group.images)
        if fusion != .none {
          fusion.fuse(&values, mirrored: self.values(of: group.mirrored), width: width)
        }
        if let place = values.firstIndex(where: { !$0.isFinite }) {
          throw EvaluationError.notFinite(
            model: reference, path: pictures[group.kept[place / width]].path)
        }
        matrix.values += values
      }
      progress(range(step).count)
    }
    matrix.seconds = (ContinuousClock.now - start) / .seconds(1)
    if matrix.kept.isEmpty, let first = matrix.skipped.first {
      throw EvaluationError.nothingReadable(
        set: "data", count: pictures.count, path: first.path, reason: first.reason)
    }
    return matrix
  }

  private func values(of images: [Image]) -> [Float] {
    switch method {
    case .network(let describe, let preparation):
      describe(
        preparation.tensor(faces: images), PictureFacts(qualities: quality?.quality(of: images))
      ).values
    case .description(let feature): images.flatMap { feature.features(of: $0) }
    }
  }
}

/// A few prepared faces on their way to a model.
private struct FaceGroup: Sendable {
  private(set) var kept: [Int] = []
  private(set) var skipped: [SkippedFile] = []
  private(set) var images: [Image] = []
  private(set) var mirrored: [Image] = []

  init(
    _ pictures: [FacePicture], range: Range<Int>, preparation: FacePreparation, rows: Int?,
    flips: Bool
  ) {
    for place in range {
      let picture = pictures[place]
      do {
        var image = try picture.image()
        if let rows { image = try image.withReducedResolution(rows: rows) }
        images.append(preparation.prepared(image, landmarks: picture.landmarks).image)
        kept.append(place)
      } catch {
        let reason = (error as? ImageError)?.shortReason ?? "\(error)"
        skipped.append(SkippedFile(path: picture.path, reason: reason))
      }
    }
    if flips { mirrored = images.map { $0.flippedHorizontally() } }
  }
}
