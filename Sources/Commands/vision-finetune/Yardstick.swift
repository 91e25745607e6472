import Evaluation
import Reports

/// Something simple that a trained model has to beat on the same held-out data.
struct Yardstick: Encodable {
  /// What it is, such as `baseline:histogram-lda`.
  var name: String
  /// The score compared.
  var metric: String
  /// Its score.
  var value: Double
  /// The trained model's.
  var model: Double

  /// Warns of every yardstick that the model does not beat.
  static func tell(_ yardsticks: [Yardstick], log: RunLog) {
    for yardstick in yardsticks where yardstick.value >= yardstick.model {
      log.warning(
        "The trained model does not beat \(yardstick.name) on what was held out: "
          + "\(yardstick.metric) \(RetrievalTable.text(yardstick.model)) against "
          + RetrievalTable.text(yardstick.value))
    }
  }
}
