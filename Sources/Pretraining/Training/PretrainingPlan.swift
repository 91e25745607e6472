public import Recipes

/// Which objective is trained in which steps.
public struct PretrainingPlan: Sendable, Hashable {
  /// What a stage learns.
  public enum Objective: String, Sendable, Hashable, Codable {
    /// Masked reconstruction.
    case simmim
    /// Pairs.
    case isr
    /// Both in every step.
    case joint
  }

  /// A run of steps with one objective, its own optimizer and its own schedule.
  public struct Stage: Sendable, Hashable {
    /// What it learns.
    public let objective: Objective
    /// Global number of its first step.
    public let start: Int
    /// Number of steps.
    public let steps: Int
  }

  /// The stages in order.
  public let stages: [Stage]

  /// Plans a recipe for a store of `crops` crops and `frames` frames that can pair.
  public init(recipe: PretrainingRecipe, crops: Int, frames: Int) {
    let masked =
      recipe.simmim.epochs > 0
      ? Self.ceilingDivide(
        recipe.simmim.epochs * crops,
        min(recipe.simmim.batch, max(crops, 1)) * recipe.optimizer.gradientAccumulation)
      : recipe.simmim.steps
    // An epoch of pairs takes every frame that can pair once as the earlier frame.
    let paired =
      recipe.isr.epochs > 0
      ? Self.ceilingDivide(recipe.isr.epochs * frames, recipe.isr.pairsPerBatch)
      : recipe.isr.steps
    var stages: [Stage] = []
    switch (recipe.schedule.objective, recipe.schedule.order) {
    case (.simmim, _): stages.append(Stage(objective: .simmim, start: 0, steps: masked))
    case (.isr, _): stages.append(Stage(objective: .isr, start: 0, steps: paired))
    case (.both, .staged):
      stages.append(Stage(objective: .simmim, start: 0, steps: masked))
      stages.append(Stage(objective: .isr, start: masked, steps: paired))
    case (.both, .joint):
      stages.append(Stage(objective: .joint, start: 0, steps: max(masked, paired)))
    }
    self.stages = stages.filter { $0.steps > 0 }
  }

  private static func ceilingDivide(_ value: Int, _ divisor: Int) -> Int {
    (value + divisor - 1) / max(divisor, 1)
  }

  /// Checks that a run can go on by this plan from where it stopped.
  ///
  /// Stages that are done must have kept their lengths. The stage that is going on, or the last one
  /// after the end, may have become longer, and shorter as long as something of it is left to do or
  /// it is the last; its learning rate follows the schedule of the new length from that step on.
  ///
  /// - Throws: ``PretrainingError/tooShort(objective:done:steps:least:)``, or
  ///   ``PretrainingError/otherRun(reason:)`` where no stage begins where that of the run began.
  public func check(_ state: PretrainingState) throws(PretrainingError) {
    guard let stage = stages.first(where: { $0.start == state.stageStart }),
      state.step >= stage.start
    else {
      throw .otherRun(
        reason:
          "The checkpoint at step \(state.step) of \(state.totalSteps) belongs to a run with other "
          + "stages: its recipe or its crops were changed.")
    }
    let done = state.step - stage.start
    let least = stage == stages.last ? done : done + 1
    guard stage.steps >= least else {
      throw .tooShort(objective: stage.objective, done: done, steps: stage.steps, least: least)
    }
  }

  /// Steps of all stages.
  public var totalSteps: Int { stages.reduce(0) { $0 + $1.steps } }

  /// The stage of a global step, or `nil` after the last.
  public func stage(at step: Int) -> Stage? {
    stages.first { step >= $0.start && step < $0.start + $0.steps }
  }
}
