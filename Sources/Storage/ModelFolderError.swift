/// Why a model folder could not be used.
public enum ModelFolderError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The folder has no `config.json`.
  case noConfiguration(path: String)
  /// The configuration cannot be understood.
  case invalidConfiguration(path: String, reason: String)
  /// The folder cannot be written.
  case unwritable(path: String, reason: String)

  /// One sentence for the person who gave the folder.
  public var description: String {
    switch self {
    case .noConfiguration(let path):
      "The folder \(path) is no model: it has no config.json; give a run folder, a model folder or "
        + "random:BACKBONE."
    case .invalidConfiguration(let path, let reason):
      "The model description \(path) cannot be used: \(reason)."
    case .unwritable(let path, let reason):
      "The model folder \(path) cannot be written: \(reason)."
    }
  }
}
