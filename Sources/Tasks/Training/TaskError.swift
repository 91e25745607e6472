/// Why a task cannot be learned.
public enum TaskError: Error, Sendable, CustomStringConvertible {
  /// The loss or a gradient is not a number.
  case notFinite(step: Int, what: String)
  /// The data cannot be learned from.
  case unsuitableData(reason: String)
  /// The settings do not suit the network or the data.
  case unsuitableSettings(reason: String)
  /// The checkpoint belongs to another run.
  case otherRun(reason: String)
  /// There is no such model.
  case missingModel(path: String)
  /// A model folder that this task cannot use.
  case unusableModel(path: String, reason: String)

  /// Whether something that was named does not exist.
  public var isMissing: Bool {
    if case .missingModel = self { return true }
    return false
  }

  /// One sentence for the person who runs the training.
  public var description: String {
    switch self {
    case .notFinite(let step, let what):
      "Training stopped at step \(step): the \(what) is not a finite number; start again with a lower "
        + "rate: --set training.learningRate=…."
    case .unsuitableData(let reason), .unsuitableSettings(let reason), .otherRun(let reason):
      reason
    case .missingModel(let path):
      "There is no model \(path): give a run folder, a model folder or random:NETWORK."
    case .unusableModel(let path, let reason):
      "The model \(path) cannot be used: \(reason)."
    }
  }
}
