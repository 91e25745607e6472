import ArgumentParser
import Evaluation

/// The words of `--feature`.
enum FeatureChoice: String, ExpressibleByArgument, CaseIterable {
  case automatic, backbone, embedding, task

  /// The output that is meant; nil leaves it to the model.
  var position: FeaturePosition? {
    switch self {
    case .automatic: nil
    case .backbone: .backbone
    case .embedding: .embedding
    case .task: .task
    }
  }
}
