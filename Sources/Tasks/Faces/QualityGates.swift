import Adapters
import Images
import Quality
import Recipes

/// How a gated adapter blends on the pictures of one data set: the measure of quality, and the quality at
/// which both branches act alike.
struct QualityGates {
  private let method: PETALface
  private let text: String

  /// Finds the threshold: halfway between pictures as they are and the same at a quarter of their rows; the
  /// median where the pictures have no detail to lose.
  ///
  /// - Parameters:
  ///   - method: the settings.
  ///   - isGiven: whether somebody set the threshold, which then stays.
  ///   - metric: the measure.
  ///   - pictures: some prepared training pictures.
  /// - Throws: `AdapterError.invalidSetting` without pictures.
  init(
    _ method: PETALface, isGiven: Bool, by metric: any QualityMetric, pictures: [Image]
  ) throws(AdapterError) {
    guard !isGiven else {
      self.method = method
      text = "the threshold of the recipe"
      return
    }
    let poor = pictures.map {
      $0.resized(width: max(1, $0.width / 4), height: max(1, $0.height / 4))
        .resized(width: $0.width, height: $0.height)
    }
    let (good, bad) = (metric.quality(of: pictures), metric.quality(of: poor))
    let (best, worst) = (Self.mean(good), Self.mean(bad))
    let means =
      "\(Self.rounded(best)) as they are, \(Self.rounded(worst)) at a quarter of their rows"
    if best > worst {
      self.method = try method.calibrated(good: good, poor: bad, metric: metric.name)
      text = means + "; both branches weigh the same in the middle"
    } else {
      self.method = try method.calibrated(training: good, metric: metric.name)
      text = means + "; they have no detail to lose, so both branches weigh the same at the median"
    }
  }

  /// What was found, as settings of the method.
  var settings: [String: String] {
    ["metric": method.metric, "threshold": "\(method.threshold)"]
  }

  /// What was found, in a sentence.
  var note: String {
    "Quality of pictures by \(method.metric): \(text), \(Self.rounded(method.threshold))."
  }

  /// The gated method that a recipe asks for, or `nil` for any other.
  static func method(_ tuning: TuningSettings) throws(AdapterError) -> PETALface? {
    guard !TaskAdapter.isNone(tuning.method) else { return nil }
    return try TaskAdapter.method(tuning) as? PETALface
  }

  /// Refuses a gated adapter in a task that measures no quality.
  static func refuse(_ tuning: TuningSettings) throws {
    guard try method(tuning) != nil else { return }
    throw TaskError.unsuitableSettings(
      reason:
        "The adapter \(PETALface.name) blends its branches by the quality of each picture, which only "
        + "--task face measures; take another adapter for this task.")
  }

  private static func mean(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) } / Double(max(values.count, 1))
  }

  private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
