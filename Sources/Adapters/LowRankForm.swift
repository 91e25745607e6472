public import Layers
public import Tensors

/// Two plain factors that do the same as an adapter at its site: `ΔW = scale · B A`.
public struct LowRankForm: Sendable {
  /// A: `[rank, …]` as ``SiteGeometry/shape(outputs:)``.
  public let down: Tensor
  /// B: `[outputs, rank / groups]`.
  public let up: Tensor
  /// What the product is multiplied by.
  public let scale: Float

  /// Makes a form.
  public init(down: Tensor, up: Tensor, scale: Float) {
    self.down = down
    self.up = up
    self.scale = scale
  }
}

/// An adapter whose change is exactly low-rank, so that files can hold it as plain factors.
public protocol LowRankExpressible: SiteAdapter {
  /// The factors of the present numbers, or `nil` where these settings have none.
  func lowRankForm(at site: SiteGeometry) -> LowRankForm?
}

extension LowRankAdapter: LowRankExpressible {
  /// The factors themselves.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    LowRankForm(down: down.value, up: up.value, scale: scale)
  }
}

extension PrincipalAdapter: LowRankExpressible {
  /// The trained factors beside the negative ones of the start: twice the rank.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    // Group by group, because the factors of one group stand together.
    let inner = down.value.shape[0] / site.groups
    let part = site.outputs / site.groups
    let line = down.value.count / down.value.shape[0]
    var downs: [Float] = []
    for group in 0..<site.groups {
      downs += down.value.rows(group * inner..<(group + 1) * inner).values
      downs += startDown.value.rows(group * inner..<(group + 1) * inner).values
    }
    let (now, start) = (up.value.values, startUp.value.values)
    var ups: [Float] = []
    for row in 0..<site.groups * part {
      ups += now[row * inner..<(row + 1) * inner]
      ups += start[row * inner..<(row + 1) * inner].map { -$0 }
    }
    let rank = 2 * down.value.shape[0]
    precondition(downs.count == rank * line)
    return LowRankForm(
      down: Tensor(downs, shape: site.shape(outputs: rank)),
      up: Tensor(ups, shape: [site.outputs, 2 * inner]), scale: scale)
  }
}

extension GatedAdapter: LowRankExpressible {
  /// The components whose gate is open, the gate in A; one of zeros where all are closed.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    let gates = gates.value.values
    // Groups share the number of components, so only ungrouped sites drop the closed ones.
    let open = site.groups > 1 ? Array(gates.indices) : gates.indices.filter { gates[$0] != 0 }
    let kept = open.isEmpty ? [0] : open
    let line = down.value.count / gates.count
    let down = down.value.values
    let up = up.value.values
    let inner = gates.count / site.groups
    return LowRankForm(
      down: Tensor(
        kept.flatMap { index in
          down[index * line..<(index + 1) * line].map { $0 * gates[index] }
        }, shape: site.shape(outputs: kept.count)),
      up: site.groups > 1
        ? self.up.value
        : Tensor(
          (0..<site.outputs).flatMap { row in kept.map { up[row * inner + $0] } },
          shape: [site.outputs, kept.count]), scale: scale)
  }
}

extension TripletAdapter: LowRankExpressible {
  /// B takes the values in.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    let (values, rank) = (maskedValues.values, values.value.count)
    let up = up.value.values.enumerated().map { $1 * values[$0 % rank] }
    return LowRankForm(
      down: down.value, up: Tensor(up, shape: [site.outputs, rank]), scale: scale)
  }
}
