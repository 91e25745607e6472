import ArgumentParser
import Evaluation

/// The words of `--feature`.
enum FeatureChoice: String, ExpressibleByArgument, CaseIterable {
  case backbone, embedding

  /// The output that is meant.
  var position: FeaturePosition { self == .backbone ? .backbone : .embedding }
}
