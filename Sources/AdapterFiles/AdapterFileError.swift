/// Why an adapter's files could not be read or written: what, where, and what to do.
public enum AdapterFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A file of the folder is missing or unreadable.
  case unreadable(path: String, reason: String)
  /// The description is not what it should be.
  case malformed(path: String, reason: String)
  /// The system refuses to write.
  case unwritable(path: String, reason: String)
  /// The adapter was trained on another network.
  case otherBase(path: String)
  /// Tensors that the adapter needs and the file does not hold.
  case missing(path: String, names: [String])
  /// Tensors in the file that belong to nothing here.
  case unexpected(path: String, names: [String])
  /// A tensor is of another shape.
  case shape(path: String, name: String, found: [Int], wanted: [Int])
  /// A tensor holds NaN or infinite values.
  case notFinite(path: String, name: String)
  /// The description and the tensors disagree about a rank.
  case rank(path: String, site: String, described: Int, found: Int)
  /// Several rank or alpha patterns fit one layer and say different things.
  case ambiguous(path: String, setting: String, site: String, patterns: [String])
  /// The kind of adapter is not read here.
  case unsupported(path: String, kind: String, reason: String)
  /// PEFT has no form for this adapter.
  case notExpressible(name: String, reason: String)

  /// One sentence for the person who gave the folder.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "The adapter file \(path) cannot be read: \(reason)."
    case .malformed(let path, let reason):
      "The adapter description \(path) is invalid: \(reason)."
    case .unwritable(let path, let reason):
      "The adapter cannot be written to \(path): \(reason)."
    case .otherBase(let path):
      "The adapter \(path) was trained on other weights than those of this network; load the network "
        + "it belongs to, or give --allow-other-base if you know that it fits."
    case .missing(let path, let names):
      "The adapter \(path) lacks \(Self.list(names)); it is incomplete or belongs to other layers. Take "
        + "the whole adapter; --allow-partial does without whole layers of a PEFT folder."
    case .unexpected(let path, let names):
      "The adapter \(path) holds \(Self.list(names)), which belong to nothing in this network or its own "
        + "description; load the network it belongs to, or give --allow-partial to leave out the layers "
        + "of a PEFT folder that this network has not, such as a classifier."
    case .shape(let path, let name, let found, let wanted):
      "The tensor \"\(name)\" of \(path) has shape \(found) but the network needs \(wanted)."
    case .notFinite(let path, let name):
      "The tensor \"\(name)\" of \(path) holds NaN or infinite values, so the file is damaged or the "
        + "training that wrote it diverged."
    case .rank(let path, let site, let described, let found):
      "The adapter \(path) describes rank \(described) at \(site), but its tensors have rank \(found)."
    case .ambiguous(let path, let setting, let site, let patterns):
      "Several keys of \(setting) in \(path) fit \(site) and differ: \(patterns.joined(separator: ", ")). "
        + "PEFT takes the first in the order of the file, which changes when it is saved again; "
        + "write one full path for each layer."
    case .unsupported(let path, let kind, let reason):
      "The adapter \(path) is of the kind \(kind), which is not read here: \(reason)."
    case .notExpressible(let name, let reason):
      "The adapter \"\(name)\" cannot be written for PEFT: \(reason)."
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
    return names.count > 3 ? "\(names.count) tensors, first \(shown)" : shown
  }
}
