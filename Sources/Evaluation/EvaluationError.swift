/// Why an evaluation gives no result, told as a sentence for the person at the keyboard.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No picture could be decoded.
  case nothingReadable(set: String, count: Int, path: String, reason: String)
  /// A feature is NaN or infinite.
  case notFinite(model: String, path: String)
  /// There is no untrained description of this name.
  case unknownBaseline(name: String, known: [String])
  /// A baseline that is fitted has no training pictures.
  case nothingToFitOn(model: String)
  /// The model's vectors do not have so many numbers.
  case noLength(model: String, length: Int, width: Int)
  /// The model has no embedding head.
  case noEmbedding(model: String)
  /// The model was not fine-tuned for this task.
  case noTask(model: String)
  /// Adapters were asked for on something that is no network.
  case noNetwork(model: String)
  /// The protocol looks at cameras, but pictures without one were found.
  case camerasUnknown(rule: String, path: String, count: Int, first: String)
  /// A file or folder cannot be written.
  case cannotWrite(path: String, reason: String)

  /// What, where, why, and what to do.
  public var description: String {
    switch self {
    case .nothingReadable(let set, let count, let path, let reason):
      "None of the \(count) pictures of the \(set) can be decoded; the first is “\(path)”: "
        + "\(reason)"
    case .notFinite(let model, let path):
      "The model \(model) gives “\(path)” a feature that is NaN or infinite; "
        + "use an earlier checkpoint."
    case .unknownBaseline(let name, let known):
      "There is no baseline “\(name)”; known are "
        + known.map { "baseline:\($0)" }.joined(separator: ", ") + "."
    case .nothingToFitOn(let model):
      "\(model) is fitted on training pictures of other people, but the data have none: add train/ or "
        + "bounding_box_train/ beside the test pictures and name their folder with --data, or leave the "
        + "baseline out."
    case .noLength(let model, let length, let width):
      "--length \(length) does not fit \(model), whose vectors have \(width) numbers"
        + (model.hasPrefix("baseline:")
          ? " and cannot be cut short; leave --length out." : "; take a number from 1 to \(width).")
    case .noEmbedding(let model):
      "The model \(model) has no embedding head (heads.safetensors); "
        + "score its pooled features with --feature backbone."
    case .noTask(let model):
      "The model \(model) was not fine-tuned for this task (it has no matching task.json); "
        + "score its pooled features with --feature backbone, or fine-tune it with vision-finetune."
    case .noNetwork(let model):
      "\(model) is no network, so no adapter can be put on it; leave --adapter out."
    case .camerasUnknown(let rule, let path, let count, let first):
      "The protocol \(rule) needs the camera of every picture, but \(count) in “\(path)” have none, "
        + "the first is “\(first)”; put c1, c2 … into the file names, add a labels.csv, or use "
        + "--protocol no-camera."
    case .cannotWrite(let path, let reason):
      "“\(path)” cannot be written: \(reason); check that its folder exists, may be written to, "
        + "and has free space."
    }
  }
}
