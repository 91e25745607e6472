import Datasets
public import Metrics
import Recipes

/// How right mined pairs are, beside two ways of pairing that learn nothing.
///
/// Identities come from sidecar files and are used for nothing but this judgement.
public struct MiningComparison: Sendable {
  /// One way of pairing the crops of the same frame pairs.
  public struct Row: Sendable {
    /// What pairs the crops.
    public let name: String
    /// Precision, share of the possible pairs, coverage of the persons.
    public let scores: MiningScores
  }

  /// The trained network first.
  public let rows: [Row]
}

extension PretrainingInspector {
  /// Judges pairs against known identities; `nil` where no crop has one.
  ///
  /// The frame pairs are those of ``pairs(limit:)``, whose result is passed in. Beside it stand pairs
  /// drawn at random and the nearest neighbour by a colour histogram.
  public func miningComparison(
    of pairs: [InspectedPair], limit: Int = 400
  ) throws -> MiningComparison? {
    let records = source.store.records
    let identities = records.map(\.identity)
    guard identities.contains(where: { $0 != nil }) else { return nil }
    let seconds = records.map(\.seconds)
    let framePairs = batches(limit: limit).flatMap(\.self)
    func row(_ name: String, _ mined: [MinedPair]) -> MiningComparison.Row {
      .init(
        name: name,
        scores: judgeMining(
          mined, identities: identities, seconds: seconds, framePairs: framePairs))
    }
    let histogram = ColorHistogram()
    // Features are needed only for the crops of these frames; the others stay zero rows, unused.
    var features = [Float](repeating: 0, count: records.count * histogram.width)
    for crop in Set(framePairs.flatMap { $0.first + $0.second }).sorted() {
      let values = histogram.features(of: try source.image(at: crop))
      features.replaceSubrange(
        crop * histogram.width..<(crop + 1) * histogram.width, with: values)
    }
    return MiningComparison(rows: [
      row(
        "mined by the trained network",
        pairs.map {
          MinedPair(first: $0.firstCrop, second: $0.secondCrop, score: $0.reliability)
        }),
      row(
        "nearest by colour histogram",
        try nearestPairs(framePairs, features: features, width: histogram.width)),
      row("drawn at random", randomPairs(framePairs, seed: UInt64(recipe.seed))),
    ])
  }
}
