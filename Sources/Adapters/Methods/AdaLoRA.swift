public import Gradients
public import Layers
import Tensors

/// Low-rank adaptation in the form of singular values, `ΔW = s B diag(e) A`, whose components compete
/// for a shrinking budget.
///
/// A and B start normal with deviation 0.02 and e at 0. `s = alpha / (rank + 1e-5)` keeps the rank of
/// the start after components are gone. A term of the loss, `orthogonality` times the mean of
/// `‖A Aᵀ − 1‖` and `‖Bᵀ B − 1‖` over all factors, keeps the components apart.
/// **Count**: `rank · (columns + outputs + 1)`.
/// **Source**: Q. Zhang et al., "AdaLoRA", 2023, arXiv 2303.10512; numbers of PEFT.
public struct AdaLoRA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "adalora"
  /// One line for the list.
  public static let summary = "LoRA whose components compete for a shrinking budget"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of each site at the start"),
    AdapterSetting(
      "targetRank", .integer(0...65_536), "mean components of each site at the end"), .alpha,
    .dropout,
    AdapterSetting("warmUp", .number(0...1), "share of the run before the budget falls"),
    AdapterSetting("coolDown", .number(0...1), "share of the run with the final budget"),
    AdapterSetting("interval", .integer(1...1_000_000_000), "steps between two decisions"),
    AdapterSetting("sensitivityMemory", .number(0...0.9999), "memory of the mean sensitivity"),
    AdapterSetting("uncertaintyMemory", .number(0...0.9999), "memory of its uncertainty"),
    AdapterSetting(
      "orthogonality", .number(0...1000), "weight of the term that keeps components apart"),
  ]

  /// Components of each site at the start; PEFT's default.
  public var rank = 12
  /// Mean number of components for each site at the end; PEFT's default.
  public var targetRank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0
  /// Share of A's inputs dropped in training, 0 ..< 1.
  public var dropout = 0.0
  /// Share of the run before the budget falls, 0…1.
  public var warmUp = 0.1
  /// Share of the run with the final budget, 0…1.
  public var coolDown = 0.3
  /// Steps between two decisions.
  public var interval = 10
  /// Memory of the mean sensitivity, 0 ..< 1.
  public var sensitivityMemory = 0.85
  /// Memory of its uncertainty, 0 ..< 1.
  public var uncertaintyMemory = 0.85
  /// Weight of the orthogonality term.
  public var orthogonality = 0.5

  /// PEFT's defaults; the shares of the run are ours, because PEFT leaves them to the user.
  public init() {}

  /// Checks each setting, and that the budget falls and has time to.
  public func validate() throws(AdapterError) {
    try validateSettings()
    guard targetRank < rank else {
      throw .invalidSetting(
        method: Self.name, setting: "targetRank",
        reason:
          "is \(targetRank), not below the rank \(rank) of the start, so that no component would "
          + "ever be dropped; lower it, or raise the rank")
    }
    guard warmUp + coolDown < 1 else {
      throw .invalidSetting(
        method: Self.name, setting: "coolDown",
        reason: "is \(coolDown) and with warmUp \(warmUp) leaves no part of the run in between")
    }
  }

  /// Groups must not be there: components belong to the whole weight.
  public func refusal(of site: SiteGeometry) -> String? {
    if let refusal = site.lowRankRefusal(rank: rank) { return refusal }
    return site.groups > 1
      ? "it has \(site.groups) groups, and a component of AdaLoRA spans the whole weight" : nil
  }

  /// Three numbers for each triplet and its two vectors.
  public func parameterCount(at site: SiteGeometry) -> Int {
    rank * (site.columns + site.outputs + 1)
  }

  /// Draws A and B, sets e to 0.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    return TripletAdapter(
      down: random.normal(shape: site.geometry.shape(outputs: rank), deviation: 0.02),
      values: Tensor(zeros: [rank, 1]),
      up: random.normal(shape: [site.geometry.outputs, rank], deviation: 0.02),
      scale: Float(alpha / (Double(rank) + 1e-5)), dropout: Float(dropout),
      penaltyWeight: Float(orthogonality / Double(2 * attachment.sites.count)))
  }

  /// Importance of triplets.
  public func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)? {
    ImportanceAllocator(adapter, settings: self)
  }
}

/// Factors with a trained value for each component.
public final class TripletAdapter: SiteAdapter {
  /// A: `[rank, …]`.
  @Key("lora_A") public private(set) var down: Parameter
  /// e: `[rank, 1]`.
  @Key("lora_E") public private(set) var values: Parameter
  /// B: `[outputs, rank]`.
  @Key("lora_B") public private(set) var up: Parameter
  /// 1 where a component is in use, `[rank]`.
  @Key("mask") public private(set) var mask: Buffer
  /// What the product is multiplied by.
  public let scale: Float
  private let dropout: Float
  private let penaltyWeight: Float

  init(
    down: Tensor, values: Tensor, up: Tensor, scale: Float, dropout: Float = 0,
    penaltyWeight: Float = 0
  ) {
    self.scale = scale
    self.dropout = dropout
    self.penaltyWeight = penaltyWeight
    self.down = Parameter(down)
    self.values = Parameter(values, decays: false)
    self.up = Parameter(up)
    mask = Buffer(Tensor(repeating: 1, shape: [values.count]))
  }

  /// Components in use.
  public var rank: Int { mask.value.values.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }

  /// Keeps the components that are marked and sets the values of all others to 0.
  func keep(_ marks: [Bool]) {
    mask.value = Tensor(marks.map { $0 ? 1 : 0 }, shape: [marks.count])
    clearMasked()
  }

  /// Sets the values of components that are not in use to 0.
  func clearMasked() { values.value = maskedValues }

  /// e with zeros where components are not in use.
  var maskedValues: Tensor {
    values.value.multipliedElements(mask.value.reshaped(values.value.shape))
  }

  /// Adds `s B diag(e) A x`.
  ///
  /// Between two decisions of a run a dropped component learns on, so that it can compete again;
  /// outside training it is not there.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    var factors = context.variable(values)
    if !context.isTraining, rank < mask.value.count {
      factors = factors * Variable(mask.value.reshaped(values.value.shape))
    }
    return .lowRank([
      LowRankTerm(
        down: context.variable(down), up: context.variable(up).multipliedByRow(factors),
        scale: scale, dropped: context.dropoutMask(rate: dropout, shape: input.shape))
    ])
  }

  /// `s B diag(e) A`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    site.product(
      ofUp: Variable(up.value).multipliedByRow(Variable(maskedValues)),
      down: Variable(down.value)) * scale
  }

  /// `‖A Aᵀ − 1‖ + ‖Bᵀ B − 1‖` with the method's weight.
  public func penalty(in context: ForwardContext) -> Variable? {
    guard penaltyWeight > 0 else { return nil }
    let (a, b) = (context.variable(down), context.variable(up))
    let rank = values.value.count
    let flat = a.reshaped([rank, a.value.count / rank])
    func distance(_ gram: Variable) -> Variable {
      var identity = Tensor(zeros: [rank, rank])
      for index in 0..<rank { identity[index * rank + index] = 1 }
      let difference = gram - Variable(identity)
      return (difference * difference).summed().squareRoot()
    }
    return
      (distance(flat.multiplied(by: flat, transposingOther: true))
      + distance(b.multiplied(by: b, transposingSelf: true))) * penaltyWeight
  }
}
