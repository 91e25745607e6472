/// Which crop of a batch came from which frame, and which crops were matched.
///
/// Rows of the embedding matrix are crops. Crops of one frame share `frame`; the two frames of one
/// frame pair share `clip`.
public struct PairBatch: Sendable {
  /// For every row the number of its frame within the batch.
  public var frame: [Int]
  /// For every row the number of its frame pair within the batch.
  public var clip: [Int]
  /// Matched rows: `first` of the earlier frame, `second` of the later one.
  public var pairs: [(first: Int, second: Int)]

  /// For every frame pair the numbers of others that may show the same persons.
  ///
  /// Their crops are no negatives of each other. Empty where there are none at all.
  public var kin: [Set<Int>]

  /// Makes a batch description.
  public init(
    frame: [Int], clip: [Int], pairs: [(first: Int, second: Int)], kin: [Set<Int>] = []
  ) {
    precondition(frame.count == clip.count, "PairBatch: \(frame.count) frames, \(clip.count) clips")
    precondition(
      kin.isEmpty || clip.allSatisfy(kin.indices.contains),
      "PairBatch: \(kin.count) lists of kin for the clips \(Set(clip).sorted())")
    self.frame = frame
    self.clip = clip
    self.pairs = pairs
    self.kin = kin
  }
}
