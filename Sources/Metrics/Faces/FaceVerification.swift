/// Telling same from different persons by a threshold that other folds choose.
///
/// The squared Euclidean distance `d²` of unit vectors, 0…4, is compared; the cosine is `1 − d²/2`.
/// A pair counts as same when `d² < t`. For each fold the threshold among 0, 0.01, … 3.99 with the best
/// accuracy on the other folds (the lowest of equal ones) is applied to it; `accuracy` is the mean over
/// folds. For the true-accept rate at 0.001 false accepts, the threshold is interpolated on the other
/// folds among 0, 0.001, … 3.999, and 0 where they never reach the rate.
/// **Source**: `verification.py` of InsightFace, itself from David Sandberg's facenet.
public struct FaceVerification: Sendable, Codable {
  /// Mean accuracy over the folds, 0…1.
  public var accuracy: Double
  /// Population standard deviation of the folds' accuracies.
  public var accuracyDeviation: Double
  /// Accuracy of each fold.
  public var foldAccuracies: [Double]
  /// Mean of the folds' thresholds on `d²`.
  public var threshold: Double
  /// Mean over folds of the share of genuine pairs accepted where 0.001 of impostors were accepted on the
  /// other folds.
  public var trueAcceptRate: Double
  /// Its population standard deviation.
  public var trueAcceptDeviation: Double
  /// Mean share of impostor pairs that were accepted with it.
  public var falseAcceptRate: Double
  /// The curve over all pairs, by cosine.
  public var curve: ReceiverOperatingCurve
  /// Bounds of the 95 % interval of the accuracy, by bootstrap over folds; nil without resamplings.
  public var accuracyInterval: [Double]?
  /// Bounds of the 95 % interval of the area under the curve, by bootstrap over folds.
  public var areaInterval: [Double]?

  /// Mean of the folds' thresholds as a cosine.
  public var cosineThreshold: Double { 1 - threshold / 2 }

  /// Scores pairs in equal folds, the first ones larger by one where pairs do not divide evenly, or in
  /// folds of given sizes.
  ///
  /// - Parameters:
  ///   - first: `[pairs, width]`, of any length each.
  ///   - second: the other picture of each pair, `[pairs, width]`.
  ///   - width: length of a vector.
  ///   - isSame: whether a pair shows one person.
  ///   - folds: how many folds, at least 2.
  ///   - foldSizes: pairs of each fold, in place of equal parts.
  ///   - falseAcceptTarget: the share of impostors to accept for ``trueAcceptRate``.
  ///   - resamplings: draws of folds for the intervals; 0 has none.
  /// - Throws: ``MetricsError`` where a kind of pair is missing in a fold's training part, or a feature is
  ///   not finite.
  public init(
    first: [Float], second: [Float], width: Int, isSame: [Bool], folds: Int = 10,
    foldSizes: [Int]? = nil, falseAcceptTarget: Double = 1e-3,
    resamplings: Int = 0
  ) throws(MetricsError) {
    let count = isSame.count
    precondition(
      first.count == count * width && second.count == count * width,
      "FaceVerification: \(first.count) and \(second.count) values for \(count) pairs of \(width)")
    let sizes = foldSizes ?? Self.equalFolds(count, folds)
    precondition(
      sizes.reduce(0, +) == count && sizes.count > 1,
      "FaceVerification: folds of \(sizes) for \(count) pairs")
    for values in [first, second] {
      if let place = values.firstIndex(where: { !$0.isFinite }) {
        throw .notFinite(set: "pairs", image: place / width)
      }
    }
    let distances = Self.squaredDistances(first, second, width: width)
    let cosines = distances.map { Float(1 - $0 / 2) }
    curve = try ReceiverOperatingCurve(scores: cosines, isSame: isSame)
    var parts: [Fold] = []
    var start = 0
    for size in sizes {
      parts.append(Fold(distances, isSame, start..<(start + size)))
      start += size
    }
    let coarse = Self.counts(parts, thresholds: (0..<400).map { Double($0) * 0.01 })
    let fine = Self.counts(parts, thresholds: (0..<4000).map { Double($0) * 0.001 })
    var accuracies: [Double] = []
    var thresholds: [Double] = []
    var rates: [(genuine: Double, impostor: Double)] = []
    for (fold, part) in parts.enumerated() {
      var best = (step: 0, right: -1)
      for step in 0..<400 {
        var right = 0
        for (other, counts) in coarse.enumerated() where other != fold {
          right += counts[step].genuine + parts[other].impostors.count - counts[step].impostors
        }
        if right > best.right { best = (step, right) }
      }
      let own = coarse[fold][best.step]
      accuracies.append(
        Double(own.genuine + part.impostors.count - own.impostors) / Double(max(part.count, 1)))
      thresholds.append(Double(best.step) * 0.01)
      let others = parts.indices.filter { $0 != fold }
      let total = others.reduce(0) { $0 + parts[$1].impostors.count }
      guard total > 0, !part.impostors.isEmpty, !part.genuine.isEmpty else {
        throw .noPairs(kind: part.genuine.isEmpty ? "genuine" : "impostor")
      }
      let shares = (0..<4000).map { step in
        Double(others.reduce(0) { $0 + fine[$1][step].impostors }) / Double(total)
      }
      let threshold = Self.threshold(at: falseAcceptTarget, shares: shares)
      rates.append(
        (
          Double(Fold.below(threshold, part.genuine)) / Double(part.genuine.count),
          Double(Fold.below(threshold, part.impostors)) / Double(part.impostors.count)
        ))
    }
    foldAccuracies = accuracies
    (accuracy, accuracyDeviation) = Self.meanAndDeviation(accuracies)
    threshold = Self.meanAndDeviation(thresholds).0
    (trueAcceptRate, trueAcceptDeviation) = Self.meanAndDeviation(rates.map(\.genuine))
    falseAcceptRate = Self.meanAndDeviation(rates.map(\.impostor)).0
    accuracyInterval = bootstrapInterval(
      of: accuracies, groups: Array(accuracies.indices), resamplings: resamplings, seed: 0)
    areaInterval = ReceiverOperatingCurve.areaInterval(
      scores: cosines, isSame: isSame,
      groups: sizes.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) },
      resamplings: resamplings, seed: 0)
  }

  /// Sizes of contiguous folds, the first ones larger by one.
  static func equalFolds(_ count: Int, _ folds: Int) -> [Int] {
    (0..<folds).map { count / folds + ($0 < count % folds ? 1 : 0) }
  }

  /// Sorted distances of one fold.
  private struct Fold {
    var genuine: [Double]
    var impostors: [Double]
    var count: Int { genuine.count + impostors.count }

    init(_ distances: [Double], _ isSame: [Bool], _ range: Range<Int>) {
      genuine = range.filter { isSame[$0] }.map { distances[$0] }.sorted()
      impostors = range.filter { !isSame[$0] }.map { distances[$0] }.sorted()
    }

    /// How many of sorted values lie below a threshold.
    static func below(_ threshold: Double, _ sorted: [Double]) -> Int {
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[middle] < threshold { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private static func counts(
    _ parts: [Fold], thresholds: [Double]
  ) -> [[(genuine: Int, impostors: Int)]] {
    parts.map { part in
      thresholds.map { (Fold.below($0, part.genuine), Fold.below($0, part.impostors)) }
    }
  }

  /// Where a rising curve of shares over 0, 0.001, … reaches a share, linear between its points.
  private static func threshold(at target: Double, shares: [Double]) -> Double {
    guard let top = shares.last, top >= target,
      let last = shares.lastIndex(where: { $0 <= target })
    else { return 0 }
    guard last + 1 < shares.count else { return Double(last) * 0.001 }
    let part = (target - shares[last]) / (shares[last + 1] - shares[last])
    return (Double(last) + part) * 0.001
  }

  /// `|a/|a| − b/|b||²` for each row; a zero vector is at its distance of 1 from everything.
  static func squaredDistances(_ first: [Float], _ second: [Float], width: Int) -> [Double] {
    first.withUnsafeBufferPointer { a in
      second.withUnsafeBufferPointer { b in
        (0..<(first.count / max(width, 1))).map { row in
          let range = (row * width)..<((row + 1) * width)
          var (lengthA, lengthB) = (0.0, 0.0)
          for place in range {
            lengthA += Double(a[place]) * Double(a[place])
            lengthB += Double(b[place]) * Double(b[place])
          }
          lengthA = lengthA > 0 ? 1 / lengthA.squareRoot() : 0
          lengthB = lengthB > 0 ? 1 / lengthB.squareRoot() : 0
          return range.reduce(0.0) { sum, place in
            let difference = Double(a[place]) * lengthA - Double(b[place]) * lengthB
            return sum + difference * difference
          }
        }
      }
    }
  }

  private static func meanAndDeviation(_ values: [Double]) -> (Double, Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
  }
}
