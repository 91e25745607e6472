import Losses
import Matching
import Metrics
import Recipes
import Tensors
import Testing

@testable import Pretraining

/// Pairs found in a batch, and what is measured of them.
struct MiningTests {
  /// Unit rows whose angle in degrees is given.
  private func rows(_ degrees: [Float]) -> Tensor {
    let table: [Float: [Float]] = [
      0: [1, 0], 30: [0.8660254, 0.5], 60: [0.5, 0.8660254], 90: [0, 1], 120: [-0.5, 0.8660254],
    ]
    return Tensor(degrees.flatMap { table[$0] ?? [.nan, .nan] }, shape: [degrees.count, 2])
  }

  private let framePairs = [
    FramePair(first: [10, 11], second: [12, 13, 14], gap: 0.5),
    FramePair(first: [20, 21, 22], second: [23], gap: 0.5),
  ]

  @Test func `numbers rows, frames and clips as the batch holds them`() throws {
    // Clip 0: 0° and 90° meet 90°, 30°, 120°; clip 1: 0°, 60°, 120° meet 60°.
    let embeddings = rows([0, 90, 90, 30, 120, 0, 60, 120, 60])
    let batch = try PairMiner(.hungarian).batch(embeddings, framePairs: framePairs)
    #expect(batch.frame == [0, 0, 1, 1, 1, 2, 2, 2, 3])
    #expect(batch.clip == [0, 0, 0, 0, 0, 1, 1, 1, 1])
    #expect(batch.pairs.map(\.first) == [0, 1, 6])
    #expect(batch.pairs.map(\.second) == [3, 2, 8])
    let nearest = try PairMiner(.argmax).batch(embeddings, framePairs: framePairs)
    #expect(nearest.pairs.map(\.second) == [3, 2, 8, 8, 8])
    let mutual = try PairMiner(.mutual).batch(embeddings, framePairs: framePairs)
    #expect(mutual.pairs.map(\.first) == [0, 1, 6])
  }

  @Test func `an embedding that is no number is an error that names its place`() {
    let embeddings = rows([0, 90, 1, 30, 120, 0, 60, 120, 60])
    let error = #expect(throws: MatchingError.self) {
      _ = try PairMiner(.hungarian).batch(
        embeddings, framePairs: framePairs, name: { "frame pair \($0) of step 7" })
    }
    #expect(error.map { "\($0)".contains("frame pair 0 of step 7") } == true)
  }

  private func statistics(
    _ degrees: [Float], _ batch: PairBatch, _ identities: [Int?]
  ) -> [String: Double] {
    let rows = rows(degrees)
    let similarity = (0..<rows.rows).flatMap { i in
      (0..<rows.rows).map { j in
        rows[2 * i] * rows[2 * j] + rows[2 * i + 1] * rows[2 * j + 1]
      }
    }
    return PairStatistics(
      similarity: similarity, embeddings: rows.values, width: 2, batch: batch,
      identities: identities
    ).values
  }

  @Test func `measures pairs, neighbours and spread`() {
    let batch = PairBatch(
      frame: [0, 0, 1, 1, 1], clip: [0, 0, 0, 0, 0], pairs: [(0, 3), (1, 2)])
    let values = statistics([0, 90, 90, 30, 120], batch, [1, 2, 2, 5, 9])
    func close(_ name: String, _ expected: Double) {
      #expect(abs((values[name] ?? .nan) - expected) < 1e-5, "\(name) \(values[name] ?? .nan)")
    }
    close("similarity", (0.8660254 + 1) / 2)
    // Within frames: 0; 0.5, 0.8660254, 0.
    close("frameSimilarity", 1.3660254 / 4)
    close("frameDeviation", (1.0 / 4 - (1.3660254 / 4) * (1.3660254 / 4)).squareRoot())
    close("belowFrame", 0)
    close("unmatched", 0.2)
    close("precision", 0.5)
    close("possible", 0.5)
    // x: 1, 0, 0, .866, −.5; y: 0, 1, 1, .5, .866.
    let x = ((1 + 0.75 + 0.25) / 5 - (1.3660254 / 5) * (1.3660254 / 5)).squareRoot()
    let y = ((2 + 0.25 + 0.75) / 5 - (3.3660254 / 5) * (3.3660254 / 5)).squareRoot()
    close("spread", (x + y) / 2 * 2.0.squareRoot())
  }

  @Test func `a crop that is chosen twice is one matched crop`() {
    let batch = PairBatch(
      frame: [0, 0, 0, 1], clip: [0, 0, 0, 0], pairs: [(0, 3), (1, 3), (2, 3)])
    let values = statistics([0, 60, 120, 60], batch, [1, 2, 3, 2])
    #expect(values["unmatched"] == 0)
    #expect(abs((values["precision"] ?? 0) - 1.0 / 3) < 1e-12)
    #expect(abs((values["possible"] ?? 0) - 1.0 / 3) < 1e-12)
  }

  @Test func `without identities nothing is judged, without pairs nothing is averaged`() {
    let batch = PairBatch(frame: [0, 0, 1], clip: [0, 0, 0], pairs: [(0, 2)])
    let unknown = statistics([0, 90, 0], batch, [nil, nil, nil])
    #expect(unknown["precision"] == nil && unknown["possible"] == nil)
    let empty = statistics(
      [0, 90, 0], PairBatch(frame: [0, 0, 1], clip: [0, 0, 0], pairs: []), [1, 2, 1])
    #expect(empty["similarity"] == nil && empty["precision"] == nil)
    #expect(empty.values.allSatisfy { $0.isFinite })
  }
}
