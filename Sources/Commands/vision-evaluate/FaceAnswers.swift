import Evaluation

/// The `--json` object of several models on faces: one result each.
struct FaceComparison: Encodable {
  /// The results in the order of the command line.
  var models: [FaceResult]
  /// The second and every further model against the first.
  var comparisons: [ModelComparison]
}

/// The `--json` object of a dry run on faces.
struct FaceCheck: Encodable {
  var dryRun = true
  var data: String
  var layout: String
  /// Pairs of each set.
  var pairs: [Int]
  var probes: Int
  var gallery: Int
  var templates: Int
  /// Pictures to describe, at all resolutions.
  var pictures: Int
  /// Files that cannot be used.
  var skipped: Int
  /// What is odd about the data.
  var warnings: [String]
  var estimatedSeconds: Double
  var estimatedMemoryMiB: Double
}
