import Metrics
public import Reports

/// Comparisons of models as a table and in words.
public enum ComparisonTable {
  /// One row for each comparison; nil without any.
  public static func table(_ comparisons: [ModelComparison]) -> TextTable? {
    guard !comparisons.isEmpty else { return nil }
    return TextTable(
      columns: [
        .init("model"), .init("compared with"), .init("score"), .init("difference", .right),
        .init("95 %", .right), .init("p", .right), .init("verdict"),
      ],
      rows: comparisons.map { comparison in
        let numbers = comparison.numbers
        return [
          comparison.model, comparison.baseline,
          comparison.metric + (comparison.unit.isEmpty ? "" : " (\(comparison.unit))"),
          comparison.signed(numbers.difference),
          "\(comparison.signed(numbers.interval[0]))…\(comparison.signed(numbers.interval[1]))",
          RetrievalTable.fixed(numbers.pValue, decimals: 4), comparison.verdict,
        ]
      }, caption: caption(comparisons[0]))
  }

  /// How the numbers were made.
  public static func caption(_ comparison: ModelComparison) -> String {
    "Compared item by item on the same data: the difference is the mean over "
      + "\(comparison.numbers.items) items; interval by bootstrap and p by sign flips over "
      + "\(comparison.numbers.groups) \(comparison.groupName), two-sided. Told apart: p below 0.05 and "
      + "an interval without 0. It says nothing about other data, nor about other seeds of a training."
  }
}

extension HTMLReport.Block {
  /// The table of comparisons with its sentences; nothing without any.
  public static func comparisons(_ comparisons: [ModelComparison]) -> [HTMLReport.Block] {
    guard let table = ComparisonTable.table(comparisons) else { return [] }
    return [.table(table)] + comparisons.map { .text($0.sentence) }
  }
}
