/// How well one threshold on the distance tells genuine from impostor pairs.
///
/// All kept pairs of query and gallery count: genuine ones show the same person. Distances are
/// counted in steps of 2^-15 and thresholds lie on these steps; the rates are exact at them.
public struct VerificationScores: Sendable, Codable, Hashable {
  /// One threshold with its rates; a pair is accepted when its distance is below the threshold.
  public struct OperatingPoint: Sendable, Codable, Hashable {
    /// Upper bound asked of the false-positive rate, 0…1.
    public var wantedFalsePositiveRate: Double
    /// Share of impostor pairs accepted, at most the wanted one.
    public var falsePositiveRate: Double
    /// Share of genuine pairs accepted.
    public var truePositiveRate: Double
    /// The threshold as a distance.
    public var distanceThreshold: Double
    /// The threshold as a cosine, 1 − distance: pairs with a larger cosine are accepted.
    public var cosineThreshold: Double
  }

  /// Number of genuine pairs.
  public var genuinePairs: Int
  /// Number of impostor pairs.
  public var impostorPairs: Int
  /// Share of (genuine, impostor) couples in which the genuine pair is nearer; equal ones half.
  public var areaUnderCurve: Double
  /// Points at the false-positive rates 1e-4, 1e-3, 1e-2.
  public var operatingPoints: [OperatingPoint]
  /// Upper end of both histograms: the smallest of 2, 1, 1/2 … 1/256 above every distance.
  ///
  /// All distances of an untrained network may lie within a hundredth.
  public var histogramLimit: Double
  /// `[100]`: shares of genuine distances in equal steps over 0…``histogramLimit``, for a picture.
  public var genuineHistogram: [Double]
  /// `[100]`: shares of impostor distances in equal steps over 0…``histogramLimit``.
  public var impostorHistogram: [Double]

  /// The false-positive rates reported by default.
  public static let reportedFalsePositiveRates = [1e-4, 1e-3, 1e-2]

  /// Summarises histograms.
  init(_ histograms: DistanceHistograms) {
    let genuine = histograms.genuine
    let impostor = histograms.impostor
    let genuineCount = genuine.reduce(0, +)
    let impostorCount = impostor.reduce(0, +)
    genuinePairs = Int(genuineCount)
    impostorPairs = Int(impostorCount)
    operatingPoints = Self.reportedFalsePositiveRates.map { rate in
      // The largest edge below which at most this many impostors lie.
      let allowed = UInt64(rate * Double(impostorCount))
      var below: UInt64 = 0
      var accepted: UInt64 = 0
      var bin = 0
      while bin < impostor.count, below + impostor[bin] <= allowed {
        below += impostor[bin]
        accepted += genuine[bin]
        bin += 1
      }
      let edge = DistanceHistograms.edge(bin)
      return OperatingPoint(
        wantedFalsePositiveRate: rate,
        falsePositiveRate: Double(below) / Double(max(impostorCount, 1)),
        truePositiveRate: Double(accepted) / Double(max(genuineCount, 1)),
        distanceThreshold: edge, cosineThreshold: 1 - edge)
    }
    var nearer = 0.0
    var genuineBelow: UInt64 = 0
    for (same, different) in zip(genuine, impostor) {
      nearer += Double(different) * (Double(genuineBelow) + Double(same) / 2)
      genuineBelow += same
    }
    let couples = Double(genuineCount) * Double(impostorCount)
    areaUnderCurve = couples > 0 ? nearer / couples : 0
    let last = max(
      genuine.lastIndex { $0 > 0 } ?? 0, impostor.lastIndex { $0 > 0 } ?? 0)
    var used = genuine.count
    while used / 2 > last, used > genuine.count / 512 { used /= 2 }
    histogramLimit = DistanceHistograms.edge(used)
    genuineHistogram = Self.coarse(genuine[..<used], total: genuineCount)
    impostorHistogram = Self.coarse(impostor[..<used], total: impostorCount)
  }

  private static func coarse(_ counts: ArraySlice<UInt64>, total: UInt64) -> [Double] {
    var shares = [Double](repeating: 0, count: 100)
    for (bin, count) in counts.enumerated() where count > 0 {
      shares[bin * 100 / counts.count] += Double(count) / Double(total)
    }
    return shares
  }
}
