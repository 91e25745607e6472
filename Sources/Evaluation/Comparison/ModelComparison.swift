public import Metrics

/// One score of two models on the same data, compared item by item.
public struct ModelComparison: Sendable, Encodable {
  /// The model in question.
  public var model: String
  /// The model it is compared with.
  public var baseline: String
  /// What is compared, such as `mAP`.
  public var metric: String
  /// What was drawn to tell how certain it is, such as `persons`.
  public var groupName: String
  /// Unit behind numbers; empty for shares.
  public var unit: String
  /// Mean score of the compared items, of the baseline and of the model.
  public var means: [Double]
  /// The numbers.
  public var numbers: PairedComparison

  /// Compares two lists of scored items by their keys; items that only one of them has are left out.
  ///
  /// - Returns: nil without an item in common.
  init?(
    _ metric: String, model: String, baseline: String, first: [ScoredItem], second: [ScoredItem],
    groupName: String, unit: String = "", seed: Int
  ) {
    let others = Dictionary(second.map { ($0.key, $0.value) }, uniquingKeysWith: { one, _ in one })
    let shared = first.filter { others[$0.key] != nil }
    let values = shared.map { others[$0.key] ?? $0.value }
    var groups: [String: Int] = [:]
    for item in shared where groups[item.group] == nil { groups[item.group] = groups.count }
    guard
      let numbers = PairedComparison(
        first: shared.map(\.value), second: values, groups: shared.map { groups[$0.group] ?? 0 },
        seed: UInt64(seed))
    else { return nil }
    self.metric = metric
    self.model = model
    self.baseline = baseline
    self.groupName = groupName
    self.unit = unit
    self.numbers = numbers
    let count = Double(shared.count)
    means = [shared.reduce(0) { $0 + $1.value } / count, values.reduce(0, +) / count]
  }

  /// Which is better, by how much, and how certain that is, in a sentence.
  public var sentence: String {
    let size = text(abs(numbers.difference)) + (unit.isEmpty ? "" : " \(unit)")
    let range = "95 % \(signed(numbers.interval[0]))…\(signed(numbers.interval[1]))"
    let chance =
      "chance alone gives as much in \(Self.percent(numbers.pValue)) of cases, "
      + "\(numbers.groups) \(groupName)"
    if numbers.difference == 0, numbers.groupsBetter == 0, numbers.groupsWorse == 0 {
      return "\(metric): \(model) and \(baseline) are equal on all \(numbers.items) items."
    }
    let order = numbers.difference >= 0 ? (model, baseline) : (baseline, model)
    guard numbers.isTold else {
      return
        "\(metric): \(order.0) is ahead of \(order.1) by \(size), which does not tell them apart "
        + "(\(range); \(chance))."
    }
    return "\(metric): \(order.0) is better than \(order.1) by \(size) (\(range); \(chance))."
  }

  /// `better`, `worse` or `not told apart`: the model against its baseline.
  public var verdict: String {
    numbers.isTold ? (numbers.difference > 0 ? "better" : "worse") : "not told apart"
  }

  func text(_ value: Double) -> String {
    RetrievalTable.fixed(value, decimals: unit.isEmpty ? 3 : 2)
  }

  func signed(_ value: Double) -> String { (value < 0 ? "−" : "+") + text(abs(value)) }

  static func percent(_ share: Double) -> String {
    share < 0.001 ? "less than 0.1 %" : "\(RetrievalTable.fixed(100 * share, decimals: 1)) %"
  }

  private enum Keys: String, CodingKey {
    case model, baseline, metric, unit, means, verdict, sentence
    case groupName = "groupsOf"
  }

  /// Writes the numbers, the verdict and the sentence.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(model, forKey: .model)
    try container.encode(baseline, forKey: .baseline)
    try container.encode(metric, forKey: .metric)
    try container.encode(groupName, forKey: .groupName)
    if !unit.isEmpty { try container.encode(unit, forKey: .unit) }
    try container.encode(means, forKey: .means)
    try numbers.encode(to: encoder)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(sentence, forKey: .sentence)
  }
}

/// The score of one item under a key that other results have too.
struct ScoredItem: Sendable {
  /// Tells the item apart, such as the path of a query.
  var key: String
  /// What varies as a whole, such as the person.
  var group: String
  /// The score.
  var value: Double
}
