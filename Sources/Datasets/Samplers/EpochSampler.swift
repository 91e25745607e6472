/// Shuffled batches in which every sample of a set appears once an epoch.
///
/// The order is a function of seed and epoch alone: a run resumed in the middle of an epoch skips
/// the batches it has seen and goes on with the same ones.
public struct EpochSampler: Sendable, Hashable {
  /// Number of samples.
  public let count: Int
  /// Samples in a batch.
  public let batchSize: Int
  /// True if a last batch that is not full is left out.
  public let dropsLast: Bool
  /// Seed of the order.
  public let seed: UInt64

  /// Makes a sampler over samples `0..<count`.
  public init(count: Int, batchSize: Int, dropsLast: Bool = false, seed: UInt64) {
    precondition(
      count >= 0 && batchSize > 0, "EpochSampler: \(count) samples, batches of \(batchSize)")
    self.count = count
    self.batchSize = batchSize
    self.dropsLast = dropsLast
    self.seed = seed
  }

  /// Batches in each epoch.
  public var batchesPerEpoch: Int {
    dropsLast ? count / batchSize : (count + batchSize - 1) / batchSize
  }

  /// All samples in the order of an epoch.
  public func order(epoch: Int) -> [Int] {
    CounterHash(seed: seed, purpose: .epochOrder).permutation(count, UInt64(epoch))
  }

  /// The batches of an epoch.
  public func batches(epoch: Int) -> [[Int]] {
    let order = order(epoch: epoch)
    return (0..<batchesPerEpoch).map { batch in
      Array(order[(batch * batchSize)..<min(count, (batch + 1) * batchSize)])
    }
  }
}
