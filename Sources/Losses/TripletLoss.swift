public import Gradients
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Pulls each picture towards its farthest picture of the same person and away from its nearest
/// picture of another one, within the batch.
///
/// With `d(a, b) = √max(‖a − b‖², 1e-12)`, `p` the farthest picture of the anchor's person (the anchor
/// itself counts) and `n` the nearest of another:
/// `mean max(0, d(a, p) − d(a, n) + margin)`, or without a margin the soft form
/// `mean log(1 + exp(d(a, p) − d(a, n)))`.
/// **Source**: A. Hermans, L. Beyer, B. Leibe, "In Defense of the Triplet Loss for Person
/// Re-Identification", 2017, arXiv 1703.07737, with the distances of the reid-strong-baseline code.
public struct TripletLoss: Sendable, Hashable {
  /// Wanted distance between the two; `nil` takes the soft form.
  public var margin: Float?

  /// Makes the loss; 0.3 is the margin of the strong baseline.
  public init(margin: Float? = 0.3) {
    self.margin = margin
  }

  /// The loss, and how many anchors have their own person nearer than any other.
  public struct Result {
    /// A scalar.
    public let loss: Variable
    /// Share of anchors with `d(a, p) < d(a, n)`, 0…1.
    public let separated: Double
  }

  /// Compares the pictures of a batch.
  ///
  /// **Shape**: `[batch, width]`, of any length, with one person per row → scalar. Every person must
  /// meet another one in the batch.
  public func callAsFunction(_ features: Variable, persons: [Int]) -> Result {
    let (rows, width) = (features.value.rows, features.value.columns)
    precondition(
      persons.count == rows && features.shape.count == 2,
      "TripletLoss: \(persons.count) persons for features \(features.shape)")
    precondition(Set(persons).count > 1, "TripletLoss: the batch holds one person only")
    let squares = Self.squaredDistances(features.value, rows: rows, width: width)
    var gradient = [Double](repeating: 0, count: rows * width)
    var loss = 0.0
    var separated = 0
    features.value.withPointer { x in
      for anchor in 0..<rows {
        let (positive, negative) = Self.hardest(anchor, squares, persons)
        let near = max(squares[anchor * rows + positive], 1e-12).squareRoot()
        let far = max(squares[anchor * rows + negative], 1e-12).squareRoot()
        if near < far { separated += 1 }
        let (value, slope) = term(near - far)
        loss += value
        for (other, sign) in [(positive, slope), (negative, -slope)] {
          let square = squares[anchor * rows + other]
          // Below the floor the distance is a constant.
          guard square > 1e-12, slope != 0 else { continue }
          let factor = sign / square.squareRoot() / Double(rows)
          for column in 0..<width {
            let difference = Double(x[anchor * width + column] - x[other * width + column])
            gradient[anchor * width + column] += factor * difference
            gradient[other * width + column] -= factor * difference
          }
        }
      }
    }
    return Result(
      loss: features.scalar(
        Float(loss / Double(rows)),
        withGradient: Tensor(gradient.map { Float($0) }, shape: features.shape)),
      separated: Double(separated) / Double(rows))
  }

  /// Value and slope of an anchor's term at a difference of distances.
  private func term(_ difference: Double) -> (value: Double, slope: Double) {
    if let margin {
      let value = difference + Double(margin)
      return value > 0 ? (value, 1) : (0, 0)
    }
    // log(1 + e^x) without overflow.
    return (max(difference, 0) + log1p(exp(-abs(difference))), 1 / (1 + exp(-difference)))
  }

  /// The farthest picture of the same person and the nearest of another; the lowest index among equals.
  private static func hardest(
    _ anchor: Int, _ squares: [Double], _ persons: [Int]
  ) -> (positive: Int, negative: Int) {
    var (positive, negative) = (anchor, -1)
    let base = anchor * persons.count
    for other in persons.indices {
      if persons[other] == persons[anchor] {
        if squares[base + other] > squares[base + positive] { positive = other }
      } else if negative < 0 || squares[base + other] < squares[base + negative] {
        negative = other
      }
    }
    return (positive, negative)
  }

  /// Squared Euclidean distances of all rows, summed in double precision.
  private static func squaredDistances(_ value: Tensor, rows: Int, width: Int) -> [Double] {
    var squares = [Double](repeating: 0, count: rows * rows)
    value.withPointer { x in
      squares.withUnsafeMutableBufferPointer { squares in
        for i in 0..<rows {
          for j in (i + 1)..<max(rows, i + 1) {
            var sum = 0.0
            for column in 0..<width {
              let difference = Double(x[i * width + column] - x[j * width + column])
              sum += difference * difference
            }
            squares[i * rows + j] = sum
            squares[j * rows + i] = sum
          }
        }
      }
    }
    return squares
  }
}
