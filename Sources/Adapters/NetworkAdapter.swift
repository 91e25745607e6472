public import Gradients
public import Layers
import Tensors

/// One named adapter on a network: what it added where, and the numbers it trains.
public final class NetworkAdapter {
  /// An adapter at its site.
  public struct Attached {
    /// The site.
    public let site: AdapterSite
    /// The adapter.
    public let adapter: any SiteAdapter
    /// The method with the settings of this site.
    public let method: any AdapterMethod
  }

  /// A parameter that is tuned in full.
  public struct Tuned {
    /// Path in the network.
    public let path: String
    /// The base's parameter.
    public let base: Parameter
    /// The trained copy.
    public let copy: Parameter
  }

  /// Name under which it is attached.
  public let name: String
  /// What was asked for.
  public let plan: AdapterPlan
  /// Adapters by site, in the order of the network.
  public let attached: [Attached]
  /// Parameters tuned in full, in the order of the network.
  public let tuned: [Tuned]
  /// Frozen tensors that several sites use, by name.
  public let shared: [String: Buffer]

  init(
    name: String, plan: AdapterPlan, attached: [Attached], tuned: [Tuned],
    shared: [String: Buffer]
  ) {
    self.name = name
    self.plan = plan
    self.attached = attached
    self.tuned = tuned
    self.shared = shared
  }

  /// Everything it trains: `SITE.NUMBERS` for adapters, the base's own path for tuned parameters.
  ///
  /// Hand this to an optimizer; the base's parameters are not in it.
  public var parameters: [(path: String, parameter: Parameter)] {
    attached.flatMap { entry in
      entry.adapter.parameters.map { ("\(entry.site.path).\($0.path)", $0.parameter) }
    } + tuned.map { ($0.path, $0.copy) }
  }

  /// Frozen tensors that belong to its state, with their paths; shared ones first.
  public var buffers: [(path: String, buffer: Buffer)] {
    shared.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      + attached.flatMap { entry in
        entry.adapter.buffers.map { ("\(entry.site.path).\($0.path)", $0.buffer) }
      }
  }

  /// Trained numbers.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.parameter.isTrainable ? $1.parameter.value.count : 0) }
  }

  /// Trained numbers by the methods' formulas and the sizes of tuned parameters.
  public var declaredCount: Int {
    attached.reduce(0) { $0 + $1.method.parameterCount(at: $1.site.geometry) }
      + tuned.reduce(0) { $0 + $1.base.value.count }
  }

  /// The terms that the adapters ask to be added to the loss, or `nil` for none.
  public func penalty(in context: ForwardContext) -> Variable? {
    let terms = attached.compactMap { $0.adapter.penalty(in: context) }
    guard let first = terms.first else { return nil }
    return terms.dropFirst().reduce(first, +)
  }

  /// The rule that moves components between sites during training, or `nil` for none.
  public func makeAllocator() -> (any Allocator)? { plan.method.makeAllocator(for: self) }

  /// Sets whether its numbers are trained.
  public func setTrainable(_ isTrainable: Bool) {
    for (_, parameter) in parameters { parameter.isTrainable = isTrainable }
  }
}

/// How much of an adapted network is trained.
public struct TrainableShare: Sendable, Hashable, CustomStringConvertible {
  /// Numbers that are trained.
  public let trained: Int
  /// Numbers of the base and the adapters together.
  public let total: Int

  /// Makes a share.
  public init(trained: Int, total: Int) {
    self.trained = trained
    self.total = total
  }

  /// The share, 0…1.
  public var fraction: Double { total == 0 ? 0 : Double(trained) / Double(total) }

  /// Such as `trains 294,912 of 21,960,576 numbers (1.34 %)`.
  public var description: String {
    let hundredths = Int((fraction * 10_000).rounded())
    let digits = hundredths % 100
    return "trains \(Self.grouped(trained)) of \(Self.grouped(total)) numbers "
      + "(\(hundredths / 100).\(digits < 10 ? "0" : "")\(digits) %)"
  }

  private static func grouped(_ number: Int) -> String {
    var (text, rest) = ("", String(number))
    while rest.count > 3 {
      text = "," + rest.suffix(3) + text
      rest = String(rest.dropLast(3))
    }
    return rest + text
  }
}
