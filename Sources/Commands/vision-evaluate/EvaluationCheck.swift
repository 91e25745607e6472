import Evaluation
import Metrics

/// The `--json` object of a dry run.
struct EvaluationCheck: Encodable {
  var dryRun = true
  var data: DataSummary
  var rule: RetrievalProtocol
  var models: [RetrievalResult.Model]
  var queries: Int
  /// Queries without a match the protocol leaves in.
  var invalidQueries: Int
  var gallery: Int
  /// Pictures that cannot be used.
  var skipped: Int
  /// What is odd about the data.
  var warnings: [String]
  var estimatedSeconds: Double
  var estimatedMemoryMiB: Double

  private enum CodingKeys: String, CodingKey {
    case dryRun, data, models, queries, invalidQueries, gallery, skipped, warnings
    case estimatedSeconds, estimatedMemoryMiB
    case rule = "protocol"
  }
}
