public import Gradients
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A contrastive loss over matched pairs in which each pair counts by how reliable it looks.
///
/// For an anchor x and its partner y, with every other crop of the batch as a negative (but those of
/// frame pairs that may show the same persons, ``PairBatch/kin``), and on request ``PastNegatives``,
/// `p = softmax(x·c / τ)[y]` and `ℓ = −log p`. The loss is `1/(2K) Σ [r_x ℓ(x→y) + r_y ℓ(y→x)]` over the
/// K pairs; the weight `r = p^γ` is a constant in the gradient. With γ = 1 the gradient equals that of
/// `1 − p`.
/// **Source**: ISR-style: the use of reliability follows the abstract of "Identity-Seeking
/// Self-Supervised Representation Learning", 2023, arXiv 2308.08887; this form is our own, since the
/// paper's is not known to us.
public struct PairContrast: Sendable {
  /// How a pair's weight is found.
  public enum Reliability: String, Sendable, CaseIterable {
    /// `p^γ`, the probability of the partner among all crops of the batch.
    case probability
    /// 1: plain InfoNCE on the matched pairs.
    case none
    /// The product of both directions' probabilities among the partner frame's crops and one entry for
    /// "nobody", whose score is mean + 1 standard deviation of the similarities within frames.
    case dustbin
  }

  /// τ, above 0.
  public var temperature: Float
  /// γ of ``Reliability/probability``.
  public var exponent: Float
  /// How a pair's weight is found.
  public var reliability: Reliability
  /// Whether other crops of the anchor's own frame are negatives.
  public var usesSameFrameNegatives: Bool

  /// Makes the loss.
  public init(
    temperature: Float = 0.1, exponent: Float = 1, reliability: Reliability = .probability,
    usesSameFrameNegatives: Bool = true
  ) {
    precondition(temperature > 0, "PairContrast: the temperature must be positive")
    self.temperature = temperature
    self.exponent = exponent
    self.reliability = reliability
    self.usesSameFrameNegatives = usesSameFrameNegatives
  }

  /// The loss and what it saw of every pair.
  public struct Result {
    /// A scalar.
    public let loss: Variable
    /// For every pair the probability of the partner, first → second.
    public let forward: [Float]
    /// For every pair the probability of the partner, second → first.
    public let backward: [Float]
    /// For every pair the mean weight of its two directions.
    public let weights: [Float]
  }

  /// Evaluates the loss on unit rows.
  ///
  /// **Shape**: `[crops, width]`, rows of length 1 → scalar. Without pairs the loss is 0 and so is its
  /// gradient.
  ///
  /// `past` are negatives beside those of the batch, of the same width.
  public func callAsFunction(
    _ embeddings: Variable, batch: PairBatch, past: PastNegatives? = nil
  ) -> Result {
    let rows = embeddings.value.rows
    let width = embeddings.value.columns
    precondition(
      batch.frame.count == rows, "PairContrast: \(batch.frame.count) marks for \(rows) crops")
    let similarity = embeddings.detached.multiplied(by: embeddings.detached, transposingOther: true)
      .value.values
    let earlier = past.map { Earlier($0, to: embeddings, batch: batch) }
    let weighting = Weighting(self, similarity: similarity, rows: rows, batch: batch)
    var gradient = [Float](repeating: 0, count: rows * rows)
    var pastGradient = [Float](repeating: 0, count: rows * (earlier?.count ?? 0))
    var loss = 0.0
    var forward: [Float] = []
    var backward: [Float] = []
    var weights: [Float] = []
    let share = 1 / (2 * Double(max(batch.pairs.count, 1)))
    for (index, pair) in batch.pairs.enumerated() {
      var directions: [(p: Double, weight: Double)] = []
      for (anchor, partner) in [(pair.first, pair.second), (pair.second, pair.first)] {
        let line = probabilities(
          anchor: anchor, partner: partner, similarity: similarity, rows: rows, batch: batch,
          earlier: earlier)
        let p = line[partner]
        let weight = weighting.weight(pair: index, probability: p)
        loss -= share * weight * log(max(p, 1e-300))
        let factor = weight * share / Double(temperature)
        for other in 0..<rows {
          let difference = line[other] - (other == partner ? 1 : 0)
          gradient[anchor * rows + other] += Float(factor * difference)
        }
        if let earlier {
          for other in 0..<earlier.count {
            pastGradient[anchor * earlier.count + other] += Float(factor * line[rows + other])
          }
        }
        directions.append((p, weight))
      }
      forward.append(Float(directions[0].p))
      backward.append(Float(directions[1].p))
      weights.append(Float((directions[0].weight + directions[1].weight) / 2))
    }
    // Similarities are symmetric, so dE = (G + Gᵀ) E.
    var symmetric = gradient
    for i in 0..<rows {
      for j in 0..<rows { symmetric[i * rows + j] += gradient[j * rows + i] }
    }
    var embeddingGradient = Variable(Tensor(symmetric, shape: [rows, rows]))
      .multiplied(by: Variable(embeddings.value.reshaped([rows, width]))).value
    if let past, let earlier {
      // Only the anchor of such a similarity moves.
      embeddingGradient.add(
        Variable(Tensor(pastGradient, shape: [rows, earlier.count]))
          .multiplied(by: Variable(past.embeddings)).value)
    }
    return Result(
      loss: embeddings.scalar(
        Float(loss), withGradient: embeddingGradient.reshaped(embeddings.shape)),
      forward: forward, backward: backward, weights: weights)
  }

  /// Softmax of one anchor over its partner and negatives, those of the batch and then the earlier ones;
  /// entries that are neither are 0.
  private func probabilities(
    anchor: Int, partner: Int, similarity: [Float], rows: Int, batch: PairBatch, earlier: Earlier?
  ) -> [Double] {
    var line = [Double](repeating: 0, count: rows + (earlier?.count ?? 0))
    var largest = -Double.infinity
    for other in 0..<rows where counts(other, anchor: anchor, partner: partner, batch: batch) {
      largest = max(largest, Double(similarity[anchor * rows + other] / temperature))
    }
    if let earlier {
      for other in 0..<earlier.count where earlier.repels(other, anchor) {
        largest = max(largest, Double(earlier.similarity(anchor, other) / temperature))
      }
    }
    var sum = 0.0
    for other in 0..<rows where counts(other, anchor: anchor, partner: partner, batch: batch) {
      line[other] = exp(Double(similarity[anchor * rows + other] / temperature) - largest)
      sum += line[other]
    }
    if let earlier {
      for other in 0..<earlier.count where earlier.repels(other, anchor) {
        line[rows + other] = exp(
          Double(earlier.similarity(anchor, other) / temperature) - largest)
        sum += line[rows + other]
      }
    }
    for other in line.indices { line[other] /= sum }
    return line
  }

  private func counts(_ other: Int, anchor: Int, partner: Int, batch: PairBatch) -> Bool {
    if other == anchor { return false }
    if !batch.kin.isEmpty, batch.kin[batch.clip[anchor]].contains(batch.clip[other]) {
      return false
    }
    if other == partner || usesSameFrameNegatives { return true }
    return batch.frame[other] != batch.frame[anchor]
  }
}

/// Similarities of a batch to embeddings of earlier ones.
private struct Earlier {
  let count: Int
  private let similarities: [Float]
  private let marks: [[Bool]]
  private let clip: [Int]

  init(_ past: PastNegatives, to embeddings: Variable, batch: PairBatch) {
    precondition(
      past.embeddings.columns == embeddings.value.columns,
      "PairContrast: earlier rows of \(past.embeddings.columns), not \(embeddings.value.columns)")
    precondition(
      batch.clip.allSatisfy(past.repels.indices.contains),
      "PairContrast: marks for \(past.repels.count) frame pairs, not \(Set(batch.clip).sorted())")
    count = past.embeddings.rows
    similarities =
      embeddings.detached.multiplied(by: Variable(past.embeddings), transposingOther: true)
      .value.values
    marks = past.repels
    clip = batch.clip
  }

  func similarity(_ anchor: Int, _ other: Int) -> Float { similarities[anchor * count + other] }

  func repels(_ other: Int, _ anchor: Int) -> Bool { marks[clip[anchor]][other] }
}

/// The weight of each pair by one of the rules.
private struct Weighting {
  private let rule: PairContrast.Reliability
  private let exponent: Double
  private var dustbin: [Double] = []

  init(_ loss: PairContrast, similarity: [Float], rows: Int, batch: PairBatch) {
    rule = loss.reliability
    exponent = Double(loss.exponent)
    guard rule == .dustbin else { return }
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    for i in 0..<rows {
      for j in 0..<rows where i != j && batch.frame[i] == batch.frame[j] {
        let value = Double(similarity[i * rows + j])
        sum += value
        squares += value * value
        count += 1
      }
    }
    let mean = count > 0 ? sum / count : 0
    let deviation = count > 0 ? max(squares / count - mean * mean, 0).squareRoot() : 0
    let nobody = mean + deviation
    let temperature = Double(loss.temperature)
    func local(_ anchor: Int, _ partner: Int) -> Double {
      let chosen = Double(similarity[anchor * rows + partner])
      // Scores relative to the partner's: e^(1/τ) itself overflows at small temperatures.
      var total = exp((nobody - chosen) / temperature)
      for other in 0..<rows where batch.frame[other] == batch.frame[partner] {
        total += exp((Double(similarity[anchor * rows + other]) - chosen) / temperature)
      }
      return 1 / total
    }
    dustbin = batch.pairs.map { local($0.first, $0.second) * local($0.second, $0.first) }
  }

  func weight(pair: Int, probability: Double) -> Double {
    switch rule {
    case .none: 1
    case .probability: exponent == 1 ? probability : pow(probability, exponent)
    case .dustbin: dustbin[pair]
    }
  }
}
