import Datasets
import Foundation
import Quality
import Tensors
import Training

extension FeatureExtractor {
  /// Pictures in one pass of a network.
  public static let batchSize = 32

  /// Describes pictures, batch by batch; the next batches are decoded meanwhile.
  ///
  /// - Parameters:
  ///   - paths: the files; those that cannot be decoded are left out and listed.
  ///   - cameras: the camera of each, for models that were trained with cameras; nil where none is known.
  ///   - flip: whether a feature is the mean of those of the picture and of its mirror image.
  ///   - progress: called with the number of pictures of each finished batch.
  /// - Returns: one row for every picture that could be decoded, in the order of `paths`.
  /// - Throws: ``EvaluationError/nothingReadable(set:count:path:reason:)`` without a single picture,
  ///   ``EvaluationError/notFinite(model:path:)`` for a broken model.
  public func features(
    of paths: [String], cameras: [Int?]? = nil, flip: Bool = false,
    progress: (Int) -> Void = { _ in }
  ) throws -> FeatureMatrix {
    let target: PictureGroup.Target =
      switch method {
      case .network(_, let preparation):
        .network(preparation, flips: flip, keepsPictures: quality != nil)
      case .description(let feature): .description(feature, flips: flip)
      }
    let start = ContinuousClock.now
    var matrix = FeatureMatrix(width: width)
    matrix.values.reserveCapacity(paths.count * width)
    try PictureGroup.forEach(of: paths, target: target) { group, count in
      let rows = values(of: group, cameras: cameras)
      if let place = rows.firstIndex(where: { !$0.isFinite }) {
        throw EvaluationError.notFinite(
          model: reference, path: paths[group.kept[place / width]])
      }
      matrix.values += rows
      matrix.kept += group.kept
      matrix.pictureKeys += group.keys
      matrix.skipped += group.skipped
      progress(count)
    }
    matrix.seconds = (ContinuousClock.now - start) / .seconds(1)
    if matrix.kept.isEmpty, let first = matrix.skipped.first {
      throw EvaluationError.nothingReadable(
        set: "data", count: paths.count, path: first.path, reason: first.reason)
    }
    return matrix
  }

  private func values(of group: PictureGroup, cameras: [Int?]?) -> [Float] {
    guard case .network(let describe, _) = method else { return group.values }
    guard let input = group.input else { return [] }
    let facts = PictureFacts(
      qualities: quality?.quality(of: group.pictures),
      cameras: cameras.map { all in group.kept.map { all[$0] } })
    var features = describe(input, facts)
    if let mirrored = group.mirrored {
      features.add(describe(mirrored, facts))
      features = features.scaled(by: 0.5)
    }
    return features.values
  }
}

extension PictureGroup {
  /// Runs `body` on every group of a list, in order, while a thread prepares the next ones.
  ///
  /// `body` gets the group and the number of files it was made from.
  static func forEach(
    of paths: [String], target: Target, body: (PictureGroup, Int) throws -> Void
  ) throws {
    let size = FeatureExtractor.batchSize
    let count = (paths.count + size - 1) / size
    func range(_ step: Int) -> Range<Int> { (step * size)..<min((step + 1) * size, paths.count) }
    let groups = Prefetcher(from: 0, to: count) { step in
      PictureGroup(
        paths: paths, range: (step * size)..<min((step + 1) * size, paths.count), target: target)
    }
    var step = 0
    while let (group, _) = try groups.next() {
      try body(group, range(step).count)
      step += 1
    }
  }
}
