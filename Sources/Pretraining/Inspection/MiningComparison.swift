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
  /// drawn at random and the nearest neighbour by a colour histogram. Memory grows with the crops of
  /// these frame pairs and with the number of persons, not with the number of crops.
  public func miningComparison(
    of pairs: [InspectedPair], limit: Int
  ) throws -> MiningComparison? {
    let store = source.store
    let persons = Set((0..<store.count).lazy.compactMap { store.identity(at: $0) }).count
    guard persons > 0 else { return nil }
    let framePairs = batches(limit: limit).flatMap(\.self)
    // A long video has far more crops than are compared: only these are numbered and described.
    let crops = Set(
      framePairs.flatMap { $0.first + $0.second } + pairs.flatMap { [$0.firstCrop, $0.secondCrop] }
    ).sorted()
    let number = Dictionary(uniqueKeysWithValues: crops.enumerated().map { ($1, $0) })
    func numbers(_ crops: [Int]) -> [Int] { crops.compactMap { number[$0] } }
    let compared = framePairs.map {
      FramePair(first: numbers($0.first), second: numbers($0.second), gap: $0.gap)
    }
    let identities = crops.map { store.identity(at: $0) }
    let seconds = crops.map { store.records[$0].seconds }
    func row(_ name: String, _ mined: [MinedPair]) -> MiningComparison.Row {
      .init(
        name: name,
        scores: judgeMining(
          mined, identities: identities, seconds: seconds, framePairs: compared, persons: persons))
    }
    let histogram = ColorHistogram()
    var features: [Float] = []
    features.reserveCapacity(crops.count * histogram.width)
    for crop in crops { features += histogram.features(of: try source.image(at: crop)) }
    return MiningComparison(rows: [
      row(
        "mined by the trained network",
        pairs.compactMap { pair in
          guard let first = number[pair.firstCrop], let second = number[pair.secondCrop] else {
            return nil
          }
          return MinedPair(first: first, second: second, score: pair.reliability)
        }),
      row(
        "nearest by colour histogram",
        try nearestPairs(compared, features: features, width: histogram.width)),
      row("drawn at random", randomPairs(compared, seed: UInt64(recipe.seed))),
    ])
  }
}
