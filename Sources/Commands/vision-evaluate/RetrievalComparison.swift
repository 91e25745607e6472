import Evaluation

/// The `--json` object of several models: one result each.
struct RetrievalComparison: Encodable {
  /// The results in the order of the command line.
  var models: [RetrievalResult]
}
