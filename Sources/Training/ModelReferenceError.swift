public import Backbones
import Spelling

/// Why a model reference could not be used.
public enum ModelReferenceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No backbone has this name.
  case unknownBackbone(name: String, known: [String])
  /// There is no such folder.
  case missing(path: String)
  /// The backbone cannot be made as asked.
  case backbone(BackboneError)
  /// The backbone has no masked features, so it cannot be pretrained.
  case notMaskable(name: String)
  /// The description has arguments that mean nothing here.
  case unknownArguments(path: String, names: [String])

  /// One sentence for the person who gave the reference.
  public var description: String {
    switch self {
    case .unknownBackbone(let name, let known):
      "There is no backbone \"\(name)\""
        + (nearest(to: name, among: known).map { " (did you mean \"\($0)\"?)" } ?? "")
        + "; known are \(known.joined(separator: ", "))."
    case .missing(let path):
      "There is no model \(path): give a run folder, a model folder or random:BACKBONE."
    case .backbone(let error): error.description
    case .notMaskable(let name):
      "\(name) cannot be pretrained here: it has no masked form; --list-backbones marks those that do with \"pretrain\"."
    case .unknownArguments(let path, let names):
      "The model description \(path) builds its network with \(names.joined(separator: ", ")), which "
        + "networks here do not have."
    }
  }
}
