public import Gradients
public import Layers
import Tensors

/// Two branches of one site, stacked into two thin factors with one gate for each picture and component.
///
/// `H = (X Aᵀ) ⊙ g`, `Y += s H Bᵀ` with `A = [A₁; A₂]`, `B = [B₁ B₂]` and `g = [1 − α, α]`: both branches cost
/// two thin products, forward and backward. In a grouped convolution each group stacks its own branches.
/// A single, ungated branch is the same without g.
public final class QualityGatedAdapter: LowRankExpressible {
  /// A: `[components, …]`, in each group branch 1 first.
  @Key("lora_A.weight") public private(set) var down: Parameter
  /// B: `[outputs, components / groups]`, in each group branch 1 first.
  @Key("lora_B.weight") public private(set) var up: Parameter
  /// The settings at this site.
  public let method: PETALface
  /// A blend that stands for every picture, or `nil` where each picture has its own.
  ///
  /// With it the change is one of the weight, and can be merged.
  public var fixedGate: Float?
  private let groups: Int

  init(down: Tensor, up: Tensor, groups: Int, method: PETALface) {
    self.method = method
    self.groups = groups
    self.down = Parameter(down)
    self.up = Parameter(up)
  }

  /// Whether it has two branches.
  public var isGated: Bool { method.isGated }

  private var components: Int { down.value.shape[0] }

  /// Factors of the components at the blend α: `1 − α` for branch 1, `α` for branch 2.
  private func factors(at gate: Float) -> [Float] {
    let inner = components / groups
    return (0..<components).map { $0 % inner < inner / 2 ? 1 - gate : gate }
  }

  /// α of each picture.
  private func gates(in context: ForwardContext) -> [Float] {
    if let fixedGate { return [fixedGate] }
    return context.quality.map { $0.map { method.gate(ofQuality: $0) } } ?? [0.5]
  }

  /// Adds both branches, each picture's blend its own.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let (down, up) = (context.variable(down), context.variable(up))
    let (scale, rate) = (Float(method.scale), Float(method.dropout))
    let blend = isGated ? gates(in: context).flatMap { factors(at: $0) } : nil
    // Windows of one picture share its gates, and so its mask.
    let rows = (blend?.count ?? 0) / components
    let pictures = rows > 1 ? rows : input.shape[0]
    if context.isTraining, rate > 0, method.dropoutPlace == .output {
      return .output { product, input in
        let dropped = self.branches(of: input, at: site, down: down, up: up, blend: blend).map {
          let branch = $0 * scale
          return context.dropoutMask(rate: rate, shape: branch.shape)
            .map { branch * Variable($0) } ?? branch
        }
        return dropped.dropFirst().reduce(dropped[0], +)
      }
    }
    var gates = blend.map { Tensor($0, shape: [$0.count / components, components]) }
    if let mask = context.dropoutMask(rate: rate, shape: [pictures, components]) {
      gates = Self.product(mask, gates)
    }
    return .lowRank([LowRankTerm(down: down, up: up, scale: scale, gates: gates)])
  }

  /// The outputs of each branch by itself, which separate dropout masks need.
  private func branches(
    of input: Variable, at site: SiteGeometry, down: Variable, up: Variable, blend: [Float]?
  ) -> [Variable] {
    let hidden = site.product(input, weight: down)
    func output(_ gates: [Float]?) -> Variable {
      let gated =
        gates.map { hidden.gated(Tensor($0, shape: [$0.count / components, components])) } ?? hidden
      return groups == 1
        ? gated.linear(weight: up)
        : gated.convolved(weight: up.reshaped(up.shape + [1, 1]), groups: groups)
    }
    guard let blend else { return [output(nil)] }
    let second = factors(at: 1)
    return [
      output(blend.enumerated().map { $1 * (1 - second[$0 % components]) }),
      output(blend.enumerated().map { $1 * second[$0 % components] }),
    ]
  }

  /// The mask times the gates; one row of gates serves every picture.
  private static func product(_ mask: Tensor, _ gates: Tensor?) -> Tensor {
    guard let gates else { return mask }
    let values = gates.values
    return Tensor(
      mask.values.enumerated().map { $1 * values[$0 % values.count] }, shape: mask.shape)
  }

  /// The change at a fixed blend; `nil` where each picture has its own.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    guard let down = blendedDown() else { return nil }
    return site.product(ofUp: Variable(up.value), down: Variable(down)) * Float(method.scale)
  }

  /// A with the blend in it.
  private func blendedDown() -> Tensor? {
    guard isGated else { return down.value }
    return fixedGate.map { down.value.scalingRows(by: factors(at: $0)) }
  }
  /// The stacked factors with a fixed blend in A; `nil` where each picture has its own.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    blendedDown().map { LowRankForm(down: $0, up: up.value, scale: Float(method.scale)) }
  }
}
