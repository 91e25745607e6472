import Foundation
import Metrics
public import Reports

/// Scores of one or several models as a table.
public enum RetrievalTable {
  /// One row for each result; the caption states what the rows have in common, or each one's own.
  public static func table(_ results: [RetrievalResult]) -> TextTable {
    var table = TextTable(
      columns: [
        .init("model"), .init("mAP", .right), .init("95 % of mAP", .right), .init("mINP", .right),
        .init("rank-1", .right), .init("rank-5", .right), .init("rank-10", .right),
        .init("queries", .right), .init("gallery", .right),
      ])
    for result in results {
      let scores = result.scores
      let interval = scores.interval.map { "\(fixed($0[0]))…\(fixed($0[1]))" } ?? "–"
      table.append([
        result.model.reference, fixed(scores.mAP), interval, fixed(scores.mINP),
        fixed(scores.rank1), fixed(scores.rank5), fixed(scores.rank10),
        "\(scores.queries - scores.invalidQueries)", "\(scores.gallery)",
      ])
    }
    table.caption = captionSentences(results).joined(separator: " ")
    return table
  }

  /// How the numbers were made, in sentences; what all results have in common is said once.
  public static func captionSentences(_ results: [RetrievalResult]) -> [String] {
    guard let first = results.first else { return [] }
    return [first.protocolText, first.dataText]
      + results.flatMap { [$0.modelText, $0.featureText] }
      + ["Scores 0…1; interval by bootstrap over persons."]
  }

  /// Points of the trade-off between accepted impostors and accepted genuine pairs; nil without any.
  public static func thresholds(_ result: RetrievalResult) -> TextTable? {
    guard let verification = result.scores.verification, !verification.operatingPoints.isEmpty
    else { return nil }
    return TextTable(
      columns: [
        .init("impostors accepted (at most)", .right), .init("impostors accepted", .right),
        .init("genuine accepted", .right), .init("cosine above", .right),
      ],
      rows: verification.operatingPoints.map { point in
        [
          fixed(point.wantedFalsePositiveRate, decimals: 4),
          fixed(point.falsePositiveRate, decimals: 5), fixed(point.truePositiveRate),
          fixed(point.cosineThreshold, decimals: 4),
        ]
      },
      caption: "Shares of the \(verification.genuinePairs) genuine and "
        + "\(verification.impostorPairs) impostor pairs the protocol keeps; area under the curve "
        + "\(fixed(verification.areaUnderCurve)). A threshold holds for this data only.")
  }

  /// A score as the tables print it, with three decimals.
  public static func text(_ score: Double) -> String { fixed(score) }

  /// A share of accepted errors as keys and columns have it: `0.01`.
  static func rateText(_ rate: Double) -> String { String(format: "%g", rate) }

  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, decimals: Int = 3) -> String {
    String(format: "%.\(decimals)f", value)
  }
}
