import Tensors

/// Trained copies of one parameter, by the name of the adapter they belong to.
///
/// A pass uses the copy in place of the base's value, which stays as it is: so small tensors such as
/// biases, gains and norms are tuned in full and can be taken off again bit for bit.
public final class ParameterTuning {
  /// One trained copy.
  public struct Entry {
    /// Name of the adapter.
    public let name: String
    /// The copy; it starts at the base's value.
    public let tuned: Parameter
    /// How far a pass goes from the base to the copy; 1 uses the copy itself, 0 the base.
    public fileprivate(set) var strength: Float
  }

  /// Everything that is attached, in the order of attachment.
  public private(set) var entries: [Entry] = []
  /// Whether the base's value holds the copies at present.
  public private(set) var isMerged = false
  private var base: Tensor?

  /// Makes an empty list.
  public init() {}

  /// Whether a pass must look at the copies.
  public var isActive: Bool { !isMerged && entries.contains { $0.strength != 0 } }

  /// Makes a trainable copy of a parameter.
  public func attach(copyOf parameter: Parameter, named name: String) -> Parameter {
    precondition(!isMerged, "ParameterTuning: unmerge before attaching \(name)")
    let tuned = Parameter(parameter.value, decays: parameter.decays)
    entries.append(Entry(name: name, tuned: tuned, strength: 1))
    return tuned
  }

  /// Removes the copy of a name.
  public func detach(_ name: String) {
    precondition(!isMerged, "ParameterTuning: unmerge before detaching \(name)")
    entries.removeAll { $0.name == name }
  }

  /// Sets the strength of each name; a name that is left out is switched off.
  public func setStrengths(_ strengths: [String: Float]) {
    precondition(!isMerged, "ParameterTuning: unmerge before switching")
    for index in entries.indices { entries[index].strength = strengths[entries[index].name] ?? 0 }
  }

  /// The only copy in use, where it stands for the parameter by itself.
  var replacement: Parameter? {
    let active = entries.filter { $0.strength != 0 }
    return active.count == 1 && active[0].strength == 1 ? active[0].tuned : nil
  }

  /// `base + Σ strength · (copy − base)`.
  func mixed(_ value: Tensor) -> Tensor {
    if let replacement { return replacement.value }
    var sum = value
    for entry in entries where entry.strength != 0 {
      sum.add(entry.tuned.value, scaledBy: entry.strength)
      sum.add(value, scaledBy: -entry.strength)
    }
    return sum
  }

  /// Writes the mixture into the parameter and keeps the base's value for ``unmerge(from:)``.
  public func merge(into parameter: Parameter) {
    guard isActive else { return }
    let merged = mixed(parameter.value)
    base = parameter.value
    parameter.value = merged
    isMerged = true
  }

  /// Puts the base's own value back.
  public func unmerge(from parameter: Parameter) {
    guard isMerged, let base else { return }
    parameter.value = base
    self.base = nil
    isMerged = false
  }
}
