/// Why an adapter could not be made, attached, switched or merged: what, where, and what to do.
public enum AdapterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No method has this name.
  case unknownMethod(name: String, nearest: String?, known: [String])
  /// A method has no such setting.
  case unknownSetting(method: String, setting: String, nearest: String?, known: [String])
  /// A setting that other methods have, and this one has not.
  case foreignSetting(method: String, setting: String, owners: [String], known: [String])
  /// A setting is of another type or out of range.
  case invalidSetting(method: String, setting: String, reason: String)
  /// A site pattern matches nothing.
  case unmatchedSites(pattern: String, nearest: String?)
  /// A site pattern names a part that the map does not have.
  case unknownPart(pattern: String, site: String, part: String, known: [String])
  /// A parameter pattern matches nothing.
  case unmatchedParameters(pattern: String, nearest: String?)
  /// A site was named on which the method cannot act.
  case unsuitableSite(method: String, site: String, reason: String)
  /// There is nothing in the network that the method could change.
  case nothingToAdapt(method: String)
  /// A name is in use.
  case nameTaken(name: String)
  /// No adapter of this name is attached.
  case notAttached(name: String, known: [String])
  /// The changes are merged, and the request needs them apart.
  case merged
  /// An adapter's change is no change of the weight.
  case notMergeable(name: String, site: String)
  /// Weights or measures of weights do not fit the network.
  case unsuitableWeights(path: String, reason: String)
  /// A saved state of an allocator does not fit.
  case unsuitableState(name: String, reason: String)

  /// One sentence for the person who asked.
  public var description: String {
    switch self {
    case .unknownMethod(let name, let nearest, let known):
      "There is no adapter method \"\(name)\"\(Self.hint(nearest)); known are "
        + "\(known.joined(separator: ", "))."
    case .unknownSetting(let method, let setting, let nearest, let known):
      "The adapter method \(method) has no setting \"\(setting)\"\(Self.hint(nearest)); it has "
        + Self.list(known)
    case .foreignSetting(let method, let setting, let owners, let known):
      "The setting \"\(setting)\" belongs to \(owners.joined(separator: ", ")) and has no effect with the "
        + "adapter method \(method), which has \(Self.list(known))"
    case .invalidSetting(let method, let setting, let reason):
      "The setting \"\(setting)\" of the adapter method \(method) \(reason)."
    case .unmatchedSites(let pattern, let nearest):
      "No layer of the network matches the site pattern \"\(pattern)\"\(Self.hint(nearest)); "
        + "--list-sites shows all."
    case .unknownPart(let pattern, let site, let part, let known):
      "The pattern \"\(pattern)\" asks for the part \"\(part)\" of \(site), which has "
        + (known.isEmpty ? "no parts." : "the parts \(known.joined(separator: ", ")).")
    case .unmatchedParameters(let pattern, let nearest):
      "No parameter of the network matches \"\(pattern)\"\(Self.hint(nearest))."
    case .unsuitableSite(let method, let site, let reason):
      "The adapter method \(method) cannot change \(site): \(reason)."
    case .nothingToAdapt(let method):
      "The network has no layer that the adapter method \(method) can change; name sites or choose "
        + "another method."
    case .nameTaken(let name):
      "An adapter named \"\(name)\" is attached already; detach it first or choose another name."
    case .notAttached(let name, let known):
      "No adapter named \"\(name)\" is attached; "
        + (known.isEmpty ? "there is none." : "there are \(known.joined(separator: ", ")).")
    case .merged:
      "The adapters are merged into the weights; unmerge them first."
    case .notMergeable(let name, let site):
      "The adapter \"\(name)\" cannot be merged: at \(site) its change depends on the picture, so no "
        + "single weight does the same; use it unmerged."
    case .unsuitableWeights(let path, let reason):
      "The weights \"\(path)\" \(reason), so the contribution of the network's tensors cannot be "
        + "measured; take the weights of this very network."
    case .unsuitableState(let name, let reason):
      "The saved state \"\(name)\" of the rank allocation \(reason), so the run cannot go on from it; "
        + "start again or take the checkpoint of this run."
    }
  }

  private static func list(_ settings: [String]) -> String {
    settings.isEmpty ? "none." : "\(settings.joined(separator: ", "))."
  }

  static func hint(_ nearest: String?) -> String {
    nearest.map { " (did you mean \"\($0)\"?)" } ?? ""
  }
}
