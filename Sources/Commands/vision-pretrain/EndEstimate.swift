import Foundation
import Pretraining
import Reports

/// Tells once in every stage when it will end, as soon as its steps allow a guess.
struct EndEstimate {
  /// What a guess rests on at least: steps, and seconds of them or a share of the stage.
  ///
  /// The first step of a stage is slower than the others and does not count.
  private static let least = (steps: 3, seconds: 5.0, share: 0.1)

  private var isTold = false
  private var stage: PretrainingPlan.Stage?
  private var steps = 0
  private var seconds = 0.0

  /// Takes in a step that took `duration` seconds.
  ///
  /// - Returns: a sentence, once in a stage of which something is left.
  mutating func sentence(
    after report: StepReport, duration: Double, in current: PretrainingPlan.Stage,
    of plan: PretrainingPlan
  ) -> String? {
    guard stage == current else {
      (stage, steps, seconds, isTold) = (current, 0, 0, false)
      return nil
    }
    steps += 1
    // Waiting for footage ends when it has been read.
    seconds += max(duration - report.waitedForFootage, 0)
    let left = current.start + current.steps - report.step - 1
    let isEnough =
      seconds >= Self.least.seconds || Double(steps) >= Self.least.share * Double(current.steps)
    guard !isTold, steps >= Self.least.steps, isEnough, left > 0 else { return nil }
    isTold = true
    let time = Double(left) * seconds / Double(steps)
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    let end = formatter.string(from: Date().addingTimeInterval(time))
    let whole = "about \(NumberText.duration(seconds: time)) for \(left) more steps"
    guard current == plan.stages.last else {
      return "Estimated end of this stage: \(end), \(whole); another follows"
    }
    return "Estimated end of the training: \(end), \(whole)"
  }
}
