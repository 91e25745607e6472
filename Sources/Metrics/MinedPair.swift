/// Two crops of different frames that a miner takes for the same person.
public struct MinedPair: Sendable, Hashable, Codable {
  /// Index of the crop in the earlier frame.
  public var first: Int
  /// Index of the crop in the later frame.
  public var second: Int
  /// How sure the miner is; larger is surer.
  public var score: Double

  /// Makes a pair.
  public init(first: Int, second: Int, score: Double) {
    self.first = first
    self.second = second
    self.score = score
  }
}
