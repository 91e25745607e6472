public import Recipes

/// Which part of the footage a step may draw from while the rest is still being read.
///
/// Step s sees the first `headFrames + framesPerStep · s` usable frames in the order of the store, and
/// from `completeStep` on all of them. The trainer waits where they have not been read yet. What a
/// step sees depends on nothing but its number and the footage, so a run gives the same bits however
/// fast the footage was read, and wherever it was interrupted.
public struct FootageRule: Sendable, Hashable {
  /// Usable frames before the first step.
  public let headFrames: Int
  /// Usable frames that come with every step.
  public let framesPerStep: Int
  /// The first step that sees all footage.
  public let completeStep: Int

  /// Every step sees all footage.
  public static let everything = FootageRule(headFrames: 0, framesPerStep: 0, completeStep: 0)

  /// Makes a rule from its numbers.
  public init(headFrames: Int, framesPerStep: Int, completeStep: Int) {
    self.headFrames = headFrames
    self.framesPerStep = framesPerStep
    self.completeStep = completeStep
  }

  /// The rule of a recipe for a first stage of `firstStage` steps.
  ///
  /// Stages counted in epochs need the number of crops before the first step, so they see everything;
  /// and what a stage ends with is judged on everything, so the last step of the first sees it too.
  public init(recipe: PretrainingRecipe, firstStage: Int) {
    let schedule = recipe.schedule
    self.init(
      headFrames: schedule.headFrames, framesPerStep: schedule.framesPerStep,
      completeStep: recipe.countsEpochs
        ? 0 : min(Int(Double(firstStage) * schedule.overlap), max(firstStage - 1, 0)))
  }

  /// Usable frames that a step may draw from; `Int.max` means all.
  public func frames(at step: Int) -> Int {
    step >= completeStep ? .max : headFrames + framesPerStep * step
  }
}

extension PretrainingRecipe {
  /// Whether the number of steps follows from the number of crops or frames.
  public var countsEpochs: Bool {
    schedule.objective.includesMasking && simmim.epochs > 0
      || schedule.objective.includesPairs && isr.epochs > 0
  }
}
