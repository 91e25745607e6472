import Gradients
import Losses
import Tensors
import Testing

/// The loss of rows that are brought to unit length first, and its gradient in them.
func gradient(
  _ rows: Tensor, _ loss: PairContrast, _ batch: PairBatch, _ past: PastNegatives? = nil
) -> (loss: Float, gradient: Tensor) {
  let tape = Tape()
  let leaf = tape.leaf(rows)
  let result = loss(leaf.l2Normalized(), batch: batch, past: past)
  tape.backward(from: result.loss)
  return (result.loss.value.scalar, tape.gradient(of: leaf) ?? Tensor(zeros: rows.shape))
}

/// Holds numbers against those that were worked out.
func expectClose(
  _ found: [Float], _ expected: [Float], _ tolerance: Float = 2e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  for (a, b) in zip(found, expected) {
    #expect(abs(a - b) <= tolerance, "\(a), not \(b)", sourceLocation: sourceLocation)
  }
}
