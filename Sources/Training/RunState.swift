/// What the state of every training run has in common, whatever is trained.
public protocol RunState: Sendable {
  /// Number of the next step.
  var step: Int { get set }
  /// Pictures learned from so far.
  var images: Int { get set }
  /// Seconds of training so far.
  var seconds: Double { get set }
  /// Largest resident set of any part of the run so far, in bytes.
  var peakResidentBytes: Int { get set }
  /// Threads the run uses; another number would change the last bits.
  var threads: Int { get set }
}
