import Evaluation

/// The `--json` object of several models: one result each, and each compared with the first.
struct RetrievalComparison: Encodable {
  /// The results in the order of the command line.
  var models: [RetrievalResult]
  /// The second and every further model against the first.
  var comparisons: [ModelComparison]
}
