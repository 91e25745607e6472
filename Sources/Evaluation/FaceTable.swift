import Datasets
import Foundation
import Metrics
public import Reports

/// Scores of one or several models on faces as a table.
public enum FaceTable {
  /// One row for each model and resolution.
  public static func table(_ results: [FaceResult]) -> TextTable {
    let far = results.first?.scores.first?.trueAcceptRates.map(\.rate) ?? []
    let fpir = results.first?.scores.first?.truePositiveRates.map(\.rate) ?? []
    var table = TextTable(
      columns: [
        .init("model"), .init("probe rows", .right), .init("accuracy", .right),
        .init("AUC", .right),
      ] + far.map { .init("TAR@FAR \(RetrievalTable.rateText($0))", .right) }
        + [.init("rank-1", .right), .init("rank-5", .right)]
        + fpir.map { .init("TPIR@FPIR \(RetrievalTable.rateText($0))", .right) })
    for result in results {
      for scores in result.scores {
        func cell(_ value: Double?) -> String { value.map { RetrievalTable.fixed($0) } ?? "–" }
        func rate(_ values: [(rate: Double, value: Double)], _ rate: Double) -> String {
          cell(values.first { $0.rate == rate }?.value)
        }
        let accuracy = scores.verification.map {
          "\(RetrievalTable.fixed($0.accuracy)) ± \(RetrievalTable.fixed($0.accuracyDeviation))"
        }
        table.append(
          [
            result.model.reference, scores.rows.map(String.init) ?? "native", accuracy ?? "–",
            cell(scores.curve?.area),
          ] + far.map { rate(scores.trueAcceptRates, $0) }
            + [cell(scores.ranks[1]), cell(scores.ranks[5])]
            + fpir.map { rate(scores.truePositiveRates, $0) })
      }
    }
    table.caption = captionSentences(results).joined(separator: " ")
    return table
  }

  /// One row for each set of pairs of a result.
  public static func sets(_ result: FaceResult) -> TextTable? {
    guard result.sets.count > 1 else { return nil }
    return TextTable(
      columns: [
        .init("set"), .init("pairs", .right), .init("accuracy", .right), .init("AUC", .right),
      ],
      rows: result.sets.map {
        [
          $0.name, String($0.pairs),
          $0.scores.verification.map { RetrievalTable.fixed($0.accuracy, decimals: 4) } ?? "–",
          $0.scores.curve.map { RetrievalTable.fixed($0.area, decimals: 4) } ?? "–",
        ]
      }, caption: "Ten folds each.")
  }

  /// How the numbers were made, in sentences; what all results have in common is said once.
  public static func captionSentences(_ results: [FaceResult]) -> [String] {
    guard let first = results.first else { return [] }
    let flip =
      switch first.settings.fusion {
      case .sum: "features of picture and mirror image added"
      case .sumOfUnits: "unit features of picture and mirror image added"
      case .none: "no mirror image"
      }
    var sentences = [
      first.protocolText,
      "Data \(first.test.path) (\(first.test.layout)): \(first.pictures) pictures, "
        + "\(first.unaligned) of them without landmarks, \(first.skipped.count) left out.",
      "Pictures: \(first.preparation); \(flip); cosine; seed \(first.settings.seed).",
    ]
    for result in results {
      let weights = result.model.weights.map { ", weights \($0)" } ?? ""
      let adapters =
        result.adapters.isEmpty ? "" : ", adapters \(result.adapters.joined(separator: ", "))"
      sentences.append(
        "Model \(result.model.reference) (\(result.model.origin)\(weights)\(adapters))"
          + (result.model.width == result.model.fullWidth
            ? "." : ", the first \(result.model.width) of \(result.model.fullWidth) values."))
    }
    if let verification = first.scores.first?.verification {
      sentences.append(
        "Threshold of the folds: cosine \(RetrievalTable.fixed(verification.cosineThreshold)), squared "
          + "distance \(RetrievalTable.fixed(verification.threshold)); it holds for this data only."
      )
    }
    if let scores = first.scores.first {
      let known: [(String, [Double]?)] = [
        ("accuracy", scores.verification?.accuracyInterval),
        ("AUC", scores.verification?.areaInterval), ("rank-1", scores.firstRankInterval),
      ]
      let found = known.compactMap { name, bounds in
        bounds.map { "\(name) \(RetrievalTable.fixed($0[0]))…\(RetrievalTable.fixed($0[1]))" }
      }
      if !found.isEmpty {
        sentences.append(
          "95 % of the first row by bootstrap over folds and persons: "
            + found.joined(separator: ", ") + ".")
      }
    }
    sentences.append("Scores 0…1; a score is no proof of identity.")
    return sentences
  }
}
