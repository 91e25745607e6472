import Gradients
import Losses
import Tensors
import Testing

/// Earlier embeddings as further negatives of the pair contrast.
struct PastNegativesTests {
  /// The worked example of ``PairContrastTests`` without its unmatched crop.
  private let rows = Tensor([1, 0, 0, 0, 1, 0, 0.6, 0.8, 0, 0.8, 0.6, 0], shape: [4, 3])
  private let batch = PairBatch(frame: [0, 0, 1, 1], clip: [0, 0, 0, 0], pairs: [(0, 3), (1, 2)])
  private let unmatched = Tensor([0, 0, 1], shape: [1, 3])

  @Test func `an unmatched crop counts alike in the batch and before it`() {
    // The values worked through for the crop in the batch; it has no gradient here.
    let found = gradient(
      rows, PairContrast(), batch, PastNegatives(embeddings: unmatched, repels: [[true]]))
    expectClose([found.loss], [0.2044691])
    expectClose(
      found.gradient.values,
      [
        0, -0.145641, 0.000650, -0.145641, 0, 0.000650, 0.614454, -0.460841, 0.000023, -0.460841,
        0.614454, 0.000023,
      ])
  }

  /// Five crops of one frame pair that learn, and four of another that only stand by.
  private var random: (rows: Tensor, batch: PairBatch, past: Tensor) {
    var random = RandomStream(seed: 12)
    let past = Variable(random.normal(shape: [4, 4], deviation: 1)).l2Normalized().value
    return (
      random.normal(shape: [5, 4], deviation: 1),
      PairBatch(frame: [0, 0, 1, 1, 1], clip: [0, 0, 0, 0, 0], pairs: [(0, 4), (1, 2)]), past
    )
  }

  @Test(arguments: [PairContrast.Reliability.none, .probability])
  func `equals a batch that holds the earlier crops`(_ rule: PairContrast.Reliability) {
    let (rows, batch, past) = random
    let loss = PairContrast(temperature: 0.3, reliability: rule)
    let found = gradient(
      rows, loss, batch, PastNegatives(embeddings: past, repels: [[true, true, true, true]]))
    let together = gradient(
      Tensor(rows.values + past.values, shape: [9, 4]), loss,
      PairBatch(
        frame: batch.frame + [2, 2, 3, 3], clip: batch.clip + [1, 1, 1, 1], pairs: batch.pairs))
    expectClose([found.loss], [together.loss])
    expectClose(found.gradient.values, Array(together.gradient.values.prefix(20)))
    let alone = gradient(rows, loss, batch)
    #expect(abs(alone.loss - found.loss) > 1e-3)
  }

  @Test func `rows that repel nobody do not count`() {
    let (rows, batch, past) = random
    let loss = PairContrast(temperature: 0.3, reliability: .none)
    let none = gradient(
      rows, loss, batch, PastNegatives(embeddings: past, repels: [[false, false, false, false]]))
    let alone = gradient(rows, loss, batch)
    #expect(none.loss == alone.loss)
    expectClose(none.gradient.values, alone.gradient.values)
    let some = gradient(
      rows, loss, batch, PastNegatives(embeddings: past, repels: [[false, true, false, true]]))
    let chosen = Tensor(past.rows(1..<2).values + past.rows(3..<4).values, shape: [2, 4])
    let few = gradient(
      rows, loss, batch, PastNegatives(embeddings: chosen, repels: [[true, true]]))
    expectClose([some.loss], [few.loss])
    expectClose(some.gradient.values, few.gradient.values)
  }

  @Test func `equals finite differences`() {
    let (rows, batch, past) = random
    let loss = PairContrast(temperature: 0.5, reliability: .none)
    let negatives = PastNegatives(embeddings: past, repels: [[true, false, true, true]])
    let error = GradientCheck.largestError(at: [rows]) {
      loss($0[0].l2Normalized(), batch: batch, past: negatives).loss
    }
    #expect(error < 1e-3)
  }
}
