/// What one training step did.
public struct StepReport: Sendable, Hashable {
  /// Global number of the step, from 0.
  public var step: Int
  /// What was learned.
  public var objective: PretrainingPlan.Objective
  /// Pictures that went through a recorded forward pass.
  public var images: Int
  /// Matched pairs of the step; 0 for cycle association, which matches none.
  public var pairs: Int
  /// Those of ``pairs`` that each video gave, by its name; videos without any are left out.
  public var pairsByVideo: [String: Int] = [:]
  /// Measurements by name: `loss.simmim`, `loss.isr`, `rate`, `gradientNorm`, and for pairs
  /// `contrast` (mean −log p without weights), `probability`, `reliability`, `unmatched`, `similarity`, `frameSimilarity`, `frameDeviation`,
  /// `belowFrame`, `spread`, where identities are known `precision` and `possible`, and where crops may be
  /// left out of the backward pass `backwardCrops` and `leftOutGradient`.
  public var values: [String: Double]
  /// Seconds the trainer waited for its batch.
  public var waited: Double
  /// The part of ``waited`` in which the footage of the batch had not been read yet, in seconds.
  public var waitedForFootage: Double
  /// What is wrong with the run, in one sentence, when something is.
  public var alarm: String?
}

/// Why training cannot go on.
public enum PretrainingError: Error, Sendable, CustomStringConvertible {
  /// The loss or a gradient is not a number.
  case notFinite(step: Int, what: String)
  /// No frame pair can be drawn at any point of the run.
  case noPairs
  /// There are no crops.
  case noCrops
  /// The recipe does not suit the backbone.
  case unsuitable(reason: String)
  /// A resumed run has done more steps of a stage than it is to have.
  case tooShort(objective: PretrainingPlan.Objective, done: Int, steps: Int, least: Int)
  /// The checkpoint belongs to another run.
  case otherRun(reason: String)

  /// One sentence for the person who runs the training.
  public var description: String {
    switch self {
    case .notFinite(let step, let what):
      "Training stopped at step \(step): the \(what) is not a finite number; start again with a lower "
        + "rate: --set isr.learningRate=… for pairs, --set simmim.learningRate=… for masked patches."
    case .noPairs:
      "No two frames of one clip hold at least two persons each within the allowed time gap, so there "
        + "is nothing to match; use --objective simmim, a longer isr.gapMaximumEnd, a higher "
        + "extraction.samplingRate, or footage with more people."
    case .noCrops:
      "There is not one crop to train on."
    case .tooShort(let objective, let done, let steps, let least):
      "The run has done \(done) steps of its stage \(objective.rawValue) already, so that stage cannot "
        + "end after \(steps); give a length of at least \(least) steps, or leave it out."
    case .unsuitable(let reason), .otherRun(let reason):
      reason
    }
  }
}
