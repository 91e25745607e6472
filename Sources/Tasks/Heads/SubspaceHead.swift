import Foundation
public import Gradients
public import Layers
public import Tensors

/// A subspace of several dimensions for each person: the score is the length of the vector's projection, so
/// that pictures may differ within it, by pose or light, without loss.
///
/// `l_c = γ ‖S_cᵀ x̂‖` with orthonormal columns S_c and γ 25; as cosines without γ. The bases move along
/// geodesics of the Grassmann manifold with momentum 0.9 and without decay, and are made orthonormal again
/// after every step:
///
/// ```
/// M ← 0.9 M + ∂S        G = M − S (SᵀM) = U diag(σ) Vᵀ
/// S ← S V cos(ησ) Vᵀ − G V diag(sin(ησ)/σ) Vᵀ
/// ```
///
/// **Source**: H. Wang, Z. Li, "Get the Best of Both Worlds: Improving Accuracy and Transferability by
/// Grassmann Class Representation", ICCV 2023.
public final class SubspaceHead: IdentityHead {
  /// Name in recipes.
  public static let name = "subspace"
  /// What it is.
  public static let summary = "a subspace for each person"
  /// `[classes · dimension, width]`: the rows of S_cᵀ, class after class.
  public let bases: Parameter
  private let momentum: Buffer
  private let shape: IdentityHeadShape

  /// Scale of the softmax, as published.
  public static let scale: Float = 25
  /// Below it a projection has no direction.
  private static let floor: Float = 1e-12

  /// Starts at an orthonormal basis of Gaussian rows for each class.
  public init(_ shape: IdentityHeadShape, random: RandomStream) {
    precondition(
      shape.dimension > 0 && shape.dimension <= shape.width,
      "SubspaceHead: \(shape.dimension) dimensions in vectors of \(shape.width)")
    var random = random
    self.shape = shape
    bases = Parameter(
      random.normal(shape: [shape.classes * shape.dimension, shape.width], deviation: 1),
      decays: false)
    momentum = Buffer(Tensor(zeros: bases.value.shape))
    bases.value = Self.orthonormal(bases.value, dimension: shape.dimension)
  }

  /// The whole vector alone.
  public var lengths: [Int] { [shape.width] }

  /// One matrix of lengths of projections.
  public func scores(
    of vectors: Variable, classes: [Int]?, asCosines: Bool, in context: ForwardContext
  ) -> [Variable] {
    let k = shape.dimension
    var rows = context.variable(bases)
    if let classes {
      rows = rows.gathered(classes.flatMap { number in (0..<k).map { number * k + $0 } })
    }
    let projected = vectors.l2Normalized().multiplied(by: rows, transposingOther: true)
    let (batch, count) = (vectors.value.rows, rows.value.rows / k)
    let parts = projected.reshaped([batch * count, k])
    let squares = (parts * parts).summedAlongLastAxis().reshaped([batch, count])
    let floor = Variable(Tensor(repeating: Self.floor, shape: squares.shape))
    let lengths = (squares + floor).squareRoot()
    return [asCosines ? lengths : lengths * Self.scale]
  }

  /// The first direction of each class's basis becomes that of the class.
  public func start(from directions: Tensor) {
    precondition(
      directions.shape == [shape.classes, shape.width],
      "SubspaceHead: directions \(directions.shape) for \(shape.classes) classes")
    var values = bases.value.values
    let from = directions.values
    for number in 0..<shape.classes {
      for column in 0..<shape.width {
        values[number * shape.dimension * shape.width + column] =
          from[number * shape.width + column]
      }
    }
    bases.value = Self.orthonormal(
      Tensor(values, shape: bases.value.shape), dimension: shape.dimension)
  }

  /// The bases, which have to stay orthonormal.
  public var ownParameters: [Parameter] { [bases] }

  /// A step along the geodesic.
  public func moveOwnParameters(share: Float) {
    guard let gradient = bases.gradient else { return }
    bases.gradient = nil
    let (k, width) = (shape.dimension, shape.width)
    let momentumShare: Float = 0.9
    let rate = Double(shape.rate * share)
    var (s, m) = (bases.value.values, momentum.value.values)
    let change = gradient.values
    for place in m.indices { m[place] = momentumShare * m[place] + change[place] }
    for start in stride(from: 0, to: s.count, by: k * width) {
      let range = start..<(start + k * width)
      let own = Array(s[range])
      let tangent = Self.tangent(Array(m[range]), at: own, k: k, width: width)
      let parts = SingularValues(of: Tensor(tangent, shape: [k, width]))
      let angles = parts.values.map { (length: Double($0), turn: rate * Double($0)) }
      let stay = Self.function(parts.left, angles.map { cos($0.turn) - 1 }, beside: 1)
      let go = Self.function(
        parts.left, angles.map { $0.length > 1e-12 ? sin($0.turn) / $0.length - rate : 0 },
        beside: rate)
      for row in 0..<k {
        for column in 0..<width {
          var value = 0.0
          for other in 0..<k {
            value +=
              stay[row * k + other] * Double(own[other * width + column])
              - go[row * k + other] * Double(tangent[other * width + column])
          }
          s[start + row * width + column] = Float(value)
        }
      }
    }
    momentum.value = Tensor(m, shape: bases.value.shape)
    bases.value = Self.orthonormal(Tensor(s, shape: bases.value.shape), dimension: k)
  }

  /// `U diag(values) Uᵀ + beside · 1`, `[rows, rows]`, of U `[rows, rank]`.
  private static func function(_ left: Tensor, _ values: [Double], beside: Double) -> [Double] {
    let (size, rank, u) = (left.rows, left.columns, left.values)
    return (0..<(size * size)).map { place in
      let (row, column) = (place / size, place % size)
      return values.indices.reduce(row == column ? beside : 0) {
        $0 + Double(u[row * rank + $1]) * values[$1] * Double(u[column * rank + $1])
      }
    }
  }

  /// What of the rows of M lies outside the span of the rows of S.
  private static func tangent(_ m: [Float], at s: [Float], k: Int, width: Int) -> [Float] {
    let inside = products(m, s, k: k, width: width)
    var result = m
    for row in 0..<k {
      for other in 0..<k {
        let factor = Float(inside[row * k + other])
        for column in 0..<width {
          result[row * width + column] -= factor * s[other * width + column]
        }
      }
    }
    return result
  }

  /// Dot products of all rows of two small matrices, `[k, k]`.
  private static func products(_ a: [Float], _ b: [Float], k: Int, width: Int) -> [Double] {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        (0..<(k * k)).map { place in
          let (left, right) = (place / k * width, place % k * width)
          var sum = 0.0
          for column in 0..<width { sum += Double(a[left + column]) * Double(b[right + column]) }
          return sum
        }
      }
    }
  }

  /// Groups of `dimension` rows made orthonormal by Gram and Schmidt.
  private static func orthonormal(_ rows: Tensor, dimension: Int) -> Tensor {
    let width = rows.columns
    var values = rows.values
    values.withUnsafeMutableBufferPointer { values in
      func dot(_ left: Int, _ right: Int) -> Float {
        var sum: Float = 0
        for column in 0..<width {
          sum += values[left * width + column] * values[right * width + column]
        }
        return sum
      }
      for row in 0..<(values.count / width) {
        let first = row / dimension * dimension
        // Twice, since the first pass leaves what rounding put there.
        for _ in 0..<2 {
          for other in first..<row {
            let part = dot(row, other)
            for column in 0..<width {
              values[row * width + column] -= part * values[other * width + column]
            }
          }
        }
        let length = max(dot(row, row).squareRoot(), 1e-12)
        for column in 0..<width { values[row * width + column] /= length }
      }
    }
    return Tensor(values, shape: rows.shape)
  }
}
