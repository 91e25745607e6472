/// Why the quality of pictures cannot be measured or learned: what, where, and what to do.
public enum QualityError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A file holds no quality network.
  case notAQualityFile(path: String)
  /// No measure has this name.
  case unknownMetric(name: String, known: [String])
  /// The network of a learned measure is not where it should be.
  case missingNetwork(folder: String?)
  /// There is nothing to train on.
  case noPictures
  /// The numbers of a training ran away.
  case diverged(step: Int)

  /// One sentence for the person who asked.
  public var description: String {
    switch self {
    case .notAQualityFile(let path):
      "\(path) holds no quality network, as its metadata has no metric \"cnniqa\" with sizes; give the "
        + "file that the training of a quality network wrote."
    case .unknownMetric(let name, let known):
      "There is no measure of quality \"\(name)\"; known are \(known.joined(separator: ", "))."
    case .missingNetwork(let folder):
      "The measure \(LearnedQuality.name) needs its trained network, and "
        + (folder.map { "there is no \(LearnedQuality.fileName) in \($0)" } ?? "none was given")
        + "; copy the file that was written with the adapter, or train again."
    case .noPictures:
      "There are no pictures to learn quality from; give a folder of clean pictures."
    case .diverged(let step):
      "The training of the quality network diverged at step \(step), as its loss is no number any more; "
        + "use a smaller learning rate."
    }
  }
}
