import Foundation
import Pretraining
import Reports

/// Tells once in every stage, after its first steps, when it will end.
struct EndEstimate {
  /// The first step of a stage is slower than the others, so it does not count.
  private static let counted = 3

  private var stage: PretrainingPlan.Stage?
  private var steps = 0
  private var seconds = 0.0

  /// Takes in a step that took `duration` seconds.
  ///
  /// - Returns: a sentence, once in a stage of which something is left.
  mutating func sentence(
    after report: StepReport, duration: Double, in current: PretrainingPlan.Stage,
    of plan: PretrainingPlan, now: Date = Date()
  ) -> String? {
    guard stage == current else {
      (stage, steps, seconds) = (current, 0, 0)
      return nil
    }
    steps += 1
    // Waiting for footage ends when it has been read.
    seconds += max(duration - report.waitedForFootage, 0)
    let left = current.start + current.steps - report.step - 1
    guard steps == Self.counted, left > 0 else { return nil }
    let time = Double(left) * seconds / Double(steps)
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    let end = formatter.string(from: now.addingTimeInterval(time))
    let whole = "about \(NumberText.duration(seconds: time)) for \(left) more steps"
    guard current == plan.stages.last else {
      return "Estimated end of this stage: \(end), \(whole); another follows"
    }
    return "Estimated end of the training: \(end), \(whole)"
  }
}
