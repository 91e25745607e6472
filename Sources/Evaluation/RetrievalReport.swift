public import Datasets
import Foundation
import Metrics
import Reports
import Spelling

/// Writes everything a person wants to see of an evaluation: table, pictures, report.
public struct RetrievalReport: Sendable {
  /// The scored models, in the order they were asked for.
  public let results: [RetrievalResult]
  /// Sentences about what is odd in the data.
  public let warnings: [String]
  /// The command line.
  public let command: String

  /// Puts a report together.
  public init(_ results: [RetrievalResult], warnings: [String], command: String) {
    precondition(!results.isEmpty, "RetrievalReport: no results")
    self.results = results
    self.warnings = warnings
    self.command = command
  }

  /// Files left out, each once.
  public var skipped: [SkippedFile] {
    var seen: Set<SkippedFile> = []
    return results.flatMap(\.skipped).filter { seen.insert($0).inserted }
  }

  /// Writes `table.md`, `queries.csv`, `skipped.txt`, the pictures and `report.html`.
  ///
  /// - Throws: ``EvaluationError`` or `ReportError` if a file cannot be written.
  public func write(to folder: EvaluationFolder) throws {
    try folder.write(RetrievalTable.table(results).markdown() + "\n", as: "table.md")
    try folder.write(queryTable, as: "queries.csv")
    try folder.write(skipped: skipped)
    var report = HTMLReport(
      title:
        "Person re-identification: \(results.count == 1 ? results[0].model.reference : "\(results.count) models")",
      subtitle: results[0].data.path, protocolText: results[0].protocolText, command: command,
      skipped: skipped.map { .init(path: $0.path, reason: $0.reason) })
    if results.count == 1 { report.keyFigures = keyFigures(results[0]) }
    var scores: [HTMLReport.Block] = warnings.map { .note($0) }
    scores.append(.table(RetrievalTable.table(results)))
    scores += HTMLReport.Block.comparisons(
      results.dropFirst().flatMap { $0.comparisons(with: results[0]) })
    scores.append(
      .figure(
        .init(
          .chart(RetrievalPictures.cumulativeMatch(results)),
          caption: "Share of queries with a match among the first images.")))
    report.sections.append(.init("Scores", blocks: scores))
    for (index, result) in results.enumerated() {
      let suffix = results.count == 1 ? "" : "-\(index + 1)"
      let blocks = try pictures(of: result, suffix: suffix, in: folder)
      report.sections.append(
        .init(results.count == 1 ? "Ranked retrieval" : result.model.reference, blocks: blocks))
    }
    report.sections.append(.init("Data", blocks: [.table(dataTable), .text(results[0].dataText)]))
    try report.write(to: folder.url.appendingPathComponent("report.html"))
  }

  private func pictures(
    of result: RetrievalResult, suffix: String, in folder: EvaluationFolder
  ) throws -> [HTMLReport.Block] {
    var blocks: [HTMLReport.Block] = []
    if let sheet = RetrievalPictures.hardest(result) {
      try folder.write(sheet, as: "ranked-retrieval\(suffix).jpg")
      blocks.append(
        .figure(
          .init(
            try .sheet(sheet), caption: "Where the model fails most. \(result.caption)",
            lookFor: "Do the wrong hits share clothes, pose, background or camera with the query?"))
      )
    }
    if let sheet = RetrievalPictures.typical(result) {
      try folder.write(sheet, as: "ranked-typical\(suffix).jpg")
      blocks.append(
        .figure(.init(try .sheet(sheet), caption: "From the hardest to the easiest query.")))
    }
    if let chart = RetrievalPictures.distances(result) {
      try folder.write(chart.svg(), as: "pictures/distances\(suffix).svg")
      blocks.append(
        .figure(
          .init(
            .chart(chart), caption: "Distances of all pairs the protocol keeps.",
            lookFor: "The less the curves overlap, the better one threshold works.")))
    }
    if let table = RetrievalTable.thresholds(result) { blocks.append(.table(table)) }
    return blocks
  }

  private func keyFigures(_ result: RetrievalResult) -> [HTMLReport.KeyFigure] {
    let scores = result.scores
    let interval = scores.interval.map {
      "95 %: \(RetrievalTable.fixed($0[0]))…\(RetrievalTable.fixed($0[1]))"
    }
    return [
      .init("mAP", RetrievalTable.fixed(scores.mAP), note: interval),
      .init("mINP", RetrievalTable.fixed(scores.mINP)),
      .init("rank-1", RetrievalTable.fixed(scores.rank1)),
      .init("rank-5", RetrievalTable.fixed(scores.rank5)),
      .init("rank-10", RetrievalTable.fixed(scores.rank10)),
      .init(
        "queries", "\(scores.queries - scores.invalidQueries)",
        note: "in a gallery of \(scores.gallery)"),
    ]
  }

  private var dataTable: TextTable {
    let splits = results[0].data.splits
    return TextTable(
      columns: [
        .init("split"), .init("images", .right), .init("persons", .right),
        .init("cameras", .right), .init("without camera", .right), .init("distractors", .right),
      ],
      rows: LabelledImage.Split.allCases.compactMap { split in
        splits[split.rawValue].map {
          [
            split.rawValue, "\($0.images)", "\($0.persons)", "\($0.cameras)",
            "\($0.withoutCamera)", "\($0.distractors)",
          ]
        }
      }, caption: "As found in the folders; unreadable pictures are listed below.")
  }

  /// One line for each query and model.
  private var queryTable: String {
    var lines = ["model,path,person,camera,matches,averagePrecision,firstRank"]
    for result in results {
      for score in result.scores.perQuery {
        let image = result.query[score.query]
        lines.append(
          [
            CommaSeparated.quoted(result.model.reference), CommaSeparated.quoted(image.path),
            CommaSeparated.quoted(result.personNames[image.person] ?? String(image.person)),
            image.camera.map(String.init) ?? "", "\(score.matches)",
            score.isValid ? RetrievalTable.fixed(score.averagePrecision, decimals: 6) : "",
            score.matchRanks.first.map(String.init) ?? "",
          ].joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
