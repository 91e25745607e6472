import Losses
import Metrics
import Tensors

/// Embeddings of the last batches as further negatives; the oldest go first.
///
/// Every row remembers the frame pair in which its crop was seen. Rows of the same video that lie nearer
/// than a walk may show the same persons, so they repel nobody there; this holds for footage of one video
/// too, of which every part comes again and again.
struct NegativeQueue: Sendable {
  private static let embeddingsName = "embeddings"
  private static let originsName = "origins"

  /// Most rows that are kept.
  let capacity: Int
  /// Length of an embedding.
  let width: Int
  /// Seconds that a person stays in sight.
  let walkSeconds: Double
  private var embeddings: [Float] = []
  private var origins: [FramePair] = []

  /// An empty queue.
  init(capacity: Int, width: Int, walkSeconds: Double) {
    precondition(capacity > 0 && width > 0, "NegativeQueue: \(capacity) rows of \(width)")
    self.capacity = capacity
    self.width = width
    self.walkSeconds = walkSeconds
  }

  /// Rows that are kept now.
  var count: Int { origins.count }

  /// Takes the rows of a batch in, `[crops, width]`: first frame then second, pair after pair.
  mutating func append(_ rows: Tensor, of framePairs: [FramePair]) {
    precondition(
      rows.columns == width, "NegativeQueue: rows of \(rows.columns), not \(width)")
    embeddings += rows.values
    for pair in framePairs {
      // Single precision, as a checkpoint keeps it: a resumed run must decide alike.
      let origin = origin(
        video: Float(pair.video), seconds: Float(pair.seconds), gap: Float(pair.gap))
      origins += [FramePair](repeating: origin, count: pair.first.count + pair.second.count)
    }
    precondition(
      embeddings.count == origins.count * width,
      "NegativeQueue: \(rows.rows) rows do not fit the crops of \(framePairs.count) frame pairs")
    let excess = max(origins.count - capacity, 0)
    embeddings.removeFirst(excess * width)
    origins.removeFirst(excess)
  }

  private func origin(video: Float, seconds: Float, gap: Float) -> FramePair {
    FramePair(
      first: [], second: [], gap: Double(gap), video: Int(video), seconds: Double(seconds),
      recurrenceSeconds: walkSeconds)
  }

  /// The rows as negatives of a batch; nil while there are none.
  func negatives(of framePairs: [FramePair]) -> PastNegatives? {
    guard count > 0 else { return nil }
    return PastNegatives(
      embeddings: Tensor(embeddings, shape: [count, width]),
      repels: framePairs.map { pair in origins.map { !$0.mayRecur(in: pair) } })
  }

  /// The rows and where they were seen (video, seconds, gap), for a checkpoint; none while it is empty.
  var tensors: [String: Tensor] {
    guard count > 0 else { return [:] }
    return [
      Self.embeddingsName: Tensor(embeddings, shape: [count, width]),
      Self.originsName: Tensor(
        origins.flatMap { [Float($0.video), Float($0.seconds), Float($0.gap)] },
        shape: [count, 3]),
    ]
  }

  /// Continues from ``tensors``.
  ///
  /// - Returns: whether they are rows of such a queue.
  mutating func restore(_ tensors: [String: Tensor]) -> Bool {
    let (rows, places) = (tensors[Self.embeddingsName], tensors[Self.originsName])
    guard let rows, let places else {
      (embeddings, origins) = ([], [])
      return tensors.isEmpty
    }
    guard rows.shape.count == 2, rows.columns == width, places.shape == [rows.rows, 3],
      rows.rows <= capacity, places.isFinite
    else { return false }
    embeddings = rows.values
    let values = places.values
    origins = stride(from: 0, to: values.count, by: 3).map {
      origin(video: values[$0], seconds: values[$0 + 1], gap: values[$0 + 2])
    }
    return true
  }
}
