public import Tensors

/// Embeddings of earlier batches that a contrast pushes away from, beside the crops of its own batch.
///
/// They are constants: no gradient flows into them.
public struct PastNegatives: Sendable {
  /// Unit rows, `[rows, width]`.
  public let embeddings: Tensor
  /// For every frame pair of the batch and every row, whether the row is a negative of the pair's crops.
  public let repels: [[Bool]]

  /// Makes negatives of unit rows.
  public init(embeddings: Tensor, repels: [[Bool]]) {
    precondition(
      repels.allSatisfy { $0.count == embeddings.rows },
      "PastNegatives: \(repels.map(\.count)) marks for \(embeddings.rows) rows")
    self.embeddings = embeddings
    self.repels = repels
  }
}
