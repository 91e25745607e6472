public import Gradients
public import Layers
import Tensors

/// A Kronecker product of a small and a larger matrix: `ΔW = alpha / rank · W₁ ⊗ W₂`.
///
/// Outputs and inputs are split into two factors as equal as they go, the smaller for W₁. W₂ is full
/// where the rank is at least half its longer side, else a product of two thin factors. W₁ starts at
/// 0, the rest uniform in ± 1/√fan-in.
/// **Count**: with `outputs = a · b` and `inputs / groups = c · d`: `a c + b d · taps`, or
/// `a c + rank (b + d · taps)`.
/// **Source**: S.-Y. Yeh et al., "LyCORIS", 2024, arXiv 2309.14859; shapes and start of PEFT.
public struct LoKr: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "lokr"
  /// One line for the list.
  public static let summary = "a Kronecker product of a small and a larger matrix"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of the larger matrix, where it is not full"), .alpha,
    AdapterSetting(
      "factor", .integer(-1...65_536), "smaller factor of inputs and outputs; -1 = the most equal"),
  ]

  /// Components of W₂; PEFT's default.
  public var rank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0
  /// The wanted smaller factor of inputs and outputs; −1 for the most equal split.
  public var factor = -1

  /// PEFT's defaults.
  public init() {}

  /// The sizes of both matrices at a site.
  struct Shape {
    /// Rows and columns of W₁.
    let first: (rows: Int, columns: Int)
    /// Rows and columns of W₂ for one kernel pixel.
    let second: (rows: Int, columns: Int)
    /// Whether W₂ is one matrix.
    let isFull: Bool
  }

  func shape(at site: SiteGeometry) -> Shape {
    let inputs = Self.split(site.inputs / site.groups, factor: factor)
    let outputs = Self.split(site.outputs, factor: factor)
    return Shape(
      first: (outputs.0, inputs.0), second: (outputs.1, inputs.1),
      isFull: 2 * rank >= max(outputs.1, inputs.1))
  }

  /// Two factors of a number, the smaller first: by `wanted` where it divides, else as equal as the sum
  /// of the factors keeps falling and the smaller stays within `wanted`.
  static func split(_ number: Int, factor wanted: Int) -> (Int, Int) {
    if wanted > 0, number % wanted == 0 { return (wanted, number / wanted) }
    let limit = wanted == -1 ? number : wanted
    var (small, large) = (1, number)
    while small < large {
      var next = small + 1
      while number % next != 0 { next += 1 }
      if next + number / next > 1 + number || next > limit { break }
      (small, large) = (next, number / next)
    }
    return small > large ? (large, small) : (small, large)
  }

  /// Acts on every weight.
  public func refusal(of site: SiteGeometry) -> String? { nil }

  /// Both matrices.
  public func parameterCount(at site: SiteGeometry) -> Int {
    let shape = shape(at: site)
    let columns = shape.second.columns * site.taps
    return shape.first.rows * shape.first.columns
      + (shape.isFull ? shape.second.rows * columns : rank * (shape.second.rows + columns))
  }

  /// Sets W₁ to 0 and draws W₂.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    let (geometry, shape) = (site.geometry, shape(at: site.geometry))
    let columns = shape.second.columns * geometry.taps
    func drawn(_ shape: [Int]) -> Tensor {
      let fanIn = shape.dropFirst().reduce(1, *)
      return random.uniform(shape: shape, bound: 1 / Float(fanIn).squareRoot())
    }
    let full =
      geometry.kind == .linear
      ? [shape.second.rows, columns]
      : [shape.second.rows, shape.second.columns, geometry.kernelHeight, geometry.kernelWidth]
    let second =
      shape.isFull ? [drawn(full)] : [drawn([shape.second.rows, rank]), drawn([rank, columns])]
    return KroneckerAdapter(
      first: Tensor(zeros: [shape.first.rows, shape.first.columns]), second: second,
      scale: Float(alpha / Double(rank)))
  }
}

/// A Kronecker product at one site.
public final class KroneckerAdapter: SiteAdapter {
  @Key("lokr_w1") private var first: Parameter
  @Key("lokr_w2") private var full: Parameter?
  @Key("lokr_w2_a") private var up: Parameter?
  @Key("lokr_w2_b") private var down: Parameter?
  /// What the product is multiplied by.
  public let scale: Float

  init(first: Tensor, second: [Tensor], scale: Float) {
    self.scale = scale
    self.first = Parameter(first)
    full = second.count == 1 ? Parameter(second[0]) : nil
    up = second.count == 2 ? Parameter(second[0]) : nil
    down = second.count == 2 ? Parameter(second[1]) : nil
  }

  private func change(at site: SiteGeometry, _ value: (Parameter) -> Variable) -> Variable {
    let small = value(first)
    let large: Variable
    if let full {
      large = value(full)
    } else if let up, let down {
      large = value(up).multiplied(by: value(down))
    } else {
      preconditionFailure("KroneckerAdapter: neither a full nor a factored second matrix")
    }
    let (a, c) = (small.shape[0], small.shape[1])
    let (b, d) = (site.outputs / a, site.inputs / site.groups / c)
    // The outer product holds every pair; reordering its axes makes the Kronecker product.
    return small.reshaped([a * c, 1])
      .multiplied(by: large.reshaped([1, b * d * site.taps]))
      .reshaped([a, c, b, d, site.taps])
      .permuted([0, 2, 1, 3, 4])
      .reshaped(site.weightShape) * scale
  }

  /// Changes the weight.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    .weight(change(at: site) { context.variable($0) })
  }

  /// The change.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    change(at: site) { Variable($0.value) }
  }
}
