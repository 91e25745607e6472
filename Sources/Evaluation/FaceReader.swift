import Datasets
import Metrics
import Tasks

/// Describes pictures for an evaluation and remembers which could not be decoded.
final class FaceReader {
  let extractor: FeatureExtractor
  private let preparation: FacePreparation
  private let fusion: FeatureFusion
  private let progress: (Int) -> Void
  private var damaged: [String: SkippedFile] = [:]

  init(
    extractor: FeatureExtractor, preparation: FacePreparation, fusion: FeatureFusion,
    progress: @escaping (Int) -> Void
  ) {
    self.extractor = extractor
    self.preparation = preparation
    self.fusion = fusion
    self.progress = progress
  }

  /// Pictures that could not be decoded, by path.
  var skipped: [SkippedFile] { damaged.values.sorted { $0.path < $1.path } }

  /// Features by place of those pictures that can be decoded, or of some of them only.
  func rows(
    of pictures: [FacePicture], at chosen: Set<Int>? = nil, rows: Int? = nil
  ) throws -> [Int: [Float]] {
    let places = chosen?.sorted() ?? Array(pictures.indices)
    let matrix = try extractor.features(
      ofFaces: places.map { pictures[$0] }, preparation: preparation, rows: rows, fusion: fusion,
      progress: progress)
    for file in matrix.skipped { damaged[file.path] = file }
    var found: [Int: [Float]] = [:]
    for (row, kept) in matrix.kept.enumerated() {
      found[places[kept]] = matrix.rows(row..<(row + 1))
    }
    return found
  }
}

/// Pairs whose pictures could both be decoded, side by side.
struct ComparedPairs {
  let width: Int
  private(set) var first: [Float] = []
  private(set) var second: [Float] = []
  private(set) var isSame: [Bool] = []
  /// Places of the pairs in the whole list.
  let kept: [Int]
  /// Sizes of the folds that are left; nil for ten equal parts.
  let foldSizes: [Int]?

  init(_ pairs: FacePairs, first: [Int: [Float]], second: [Int: [Float]], width: Int) {
    self.width = width
    (kept, foldSizes) = pairs.readable { first[$0.first] != nil && second[$0.second] != nil }
    for place in kept {
      let pair = pairs.pairs[place]
      self.first += first[pair.first] ?? []
      self.second += second[pair.second] ?? []
      isSame.append(pair.isSame)
    }
  }

  /// Notes the cosines and the worst mistakes of pairs at the threshold of the folds.
  func describe(in result: inout FaceResult, pairs: FacePairs, scores: FaceScores, limit: Int = 6) {
    let threshold = Float(scores.verification?.cosineThreshold ?? 0)
    var wrong: [(place: Int, cosine: Float, margin: Float)] = []
    for row in isSame.indices {
      let range = (row * width)..<((row + 1) * width)
      let (a, b) = (first[range], second[range])
      var (dot, squareA, squareB): (Float, Float, Float) = (0, 0, 0)
      for (x, y) in zip(a, b) {
        dot += x * y
        squareA += x * x
        squareB += y * y
      }
      let cosine = dot / max((squareA * squareB).squareRoot(), 1e-12)
      if isSame[row] {
        result.cosines.genuine.append(cosine)
      } else {
        result.cosines.impostors.append(cosine)
      }
      let margin = isSame[row] ? threshold - cosine : cosine - threshold
      if margin > 0 { wrong.append((row, cosine, margin)) }
    }
    wrong.sort { ($0.margin, $1.place) > ($1.margin, $0.place) }
    for kind in [false, true] {
      for entry in wrong.filter({ isSame[$0.place] == kind }).prefix(limit) {
        let pair = pairs.pairs[kept[entry.place]]
        result.mistakes.append(
          .init(
            first: pairs.pictures[pair.first], second: pairs.pictures[pair.second],
            cosine: entry.cosine, isSame: kind))
      }
    }
  }
}
