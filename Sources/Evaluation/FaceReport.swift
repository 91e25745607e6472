public import Datasets
import Foundation
import Images
import Metrics
public import Reports
import Tasks

/// Writes everything a person wants to see of faces that were scored: table, curves, mistakes, report.
public struct FaceReport: Sendable {
  /// The scored models, in the order they were asked for.
  public let results: [FaceResult]
  /// The command line.
  public let command: String

  /// Puts a report together.
  public init(_ results: [FaceResult], command: String) {
    precondition(!results.isEmpty, "FaceReport: no results")
    self.results = results
    self.command = command
  }

  /// Files left out, each once.
  public var skipped: [SkippedFile] {
    var seen: Set<SkippedFile> = []
    return results.flatMap(\.skipped).filter { seen.insert($0).inserted }
  }

  /// Writes `table.md`, `skipped.txt`, the pictures and `report.html`.
  ///
  /// - Throws: ``EvaluationError`` or `ReportError` if a file cannot be written.
  public func write(to folder: EvaluationFolder) throws {
    try folder.write(FaceTable.table(results).markdown() + "\n", as: "table.md")
    try folder.write(skipped: skipped)
    var sections = [
      HTMLReport.Section(
        "Scores",
        blocks: [.table(FaceTable.table(results))]
          + HTMLReport.Block.comparisons(
            results.dropFirst().flatMap { $0.comparisons(with: results[0]) }))
    ]
    for (index, result) in results.enumerated() {
      let suffix = results.count == 1 ? "" : "-\(index + 1)"
      sections.append(
        .init(
          result.model.reference,
          blocks: try Self.pictures(of: result) { name, figure in
            switch figure {
            case .chart(let svg):
              try folder.write(svg, as: "pictures/\(name)\(suffix).svg")
            case .sheet(let sheet): try folder.write(sheet, as: "\(name)\(suffix).jpg")
            }
          }))
    }
    try HTMLReport(
      title:
        "Face recognition: \(results.count == 1 ? results[0].model.reference : "\(results.count) models")",
      subtitle: results[0].test.path, protocolText: results[0].protocolText, sections: sections,
      command: command, skipped: skipped.map { .init(path: $0.path, reason: $0.reason) }
    ).write(to: folder.url.appendingPathComponent("report.html"))
  }

  /// A picture on its way to a file.
  public enum Drawn {
    /// A drawing as SVG.
    case chart(String)
    /// Tiles.
    case sheet(ContactSheet)
  }

  /// Curve, histogram, further sets and mistakes of a result; `keep` writes each picture.
  public static func pictures(
    of result: FaceResult, keep: (String, Drawn) throws -> Void
  ) throws -> [HTMLReport.Block] {
    var blocks: [HTMLReport.Block] = []
    if let chart = curve(result) {
      try keep("roc", .chart(chart.svg()))
      blocks.append(
        .figure(
          .init(
            .chart(chart), caption: "Genuine pairs accepted by impostors accepted.",
            lookFor: "The left end matters where few impostors may pass.")))
    }
    if !result.cosines.genuine.isEmpty {
      let chart = Histogram(
        title: "Cosines of pairs", subtitle: result.model.reference,
        horizontal: ChartAxis("cosine"),
        groups: [
          .init("same person", values: result.cosines.genuine.map(Double.init)),
          .init("other persons", values: result.cosines.impostors.map(Double.init)),
        ],
        markers: result.scores.first?.verification.map {
          [.init("threshold", at: $0.cosineThreshold)]
        } ?? [], measure: .share)
      try keep("cosines", .chart(chart.svg()))
      blocks.append(
        .figure(
          .init(
            .chart(chart), caption: "Cosines of the pairs as they are.",
            lookFor: "The less the two overlap, the better one threshold works.")))
    }
    if let sheet = mistakes(result) {
      try keep("mistakes", .sheet(sheet))
      blocks.append(
        .figure(
          .init(
            try .sheet(sheet), caption: "Pairs furthest on the wrong side of the threshold.",
            lookFor: "Pose, light and resolution that the training pictures lacked.")))
    }
    if let table = FaceTable.sets(result) { blocks.append(.table(table)) }
    return blocks
  }

  private static func curve(_ result: FaceResult) -> LineChart? {
    let series = result.scores.compactMap { scores -> LineChart.Series? in
      guard let curve = scores.curve else { return nil }
      return .init(
        scores.rows.map { "\($0) rows" } ?? "native",
        points: curve.outline().filter { $0.falseAcceptRate > 0 }.map {
          .init(x: $0.falseAcceptRate, y: 100 * $0.trueAcceptRate)
        })
    }
    guard series.contains(where: { !$0.points.isEmpty }) else { return nil }
    return LineChart(
      title: "Receiver operating curve", subtitle: result.model.reference,
      horizontal: ChartAxis("impostor pairs accepted (share)", scale: .logarithmic),
      vertical: ChartAxis("genuine pairs accepted (%)", range: 0...100), series: series)
  }

  /// Pictures of the worst mistakes.
  private static func mistakes(_ result: FaceResult) -> ContactSheet? {
    let preparation = FacePreparation(size: 112)
    func tiles(_ isSame: Bool) -> [ContactSheet.Tile] {
      result.mistakes.filter { $0.isSame == isSame }.compactMap { mistake in
        guard let first = try? preparation.image(mistake.first),
          let second = try? preparation.image(mistake.second)
        else { return nil }
        return .init(
          [first, second], caption: ["cosine \(RetrievalTable.fixed(Double(mistake.cosine)))"],
          frame: .red)
      }
    }
    let rows = [
      ContactSheet.Row(title: "Two persons taken for one", tiles: tiles(false)),
      ContactSheet.Row(title: "One person taken for two", tiles: tiles(true)),
    ].filter { !$0.tiles.isEmpty }
    guard !rows.isEmpty else { return nil }
    return ContactSheet(
      title: "Worst mistakes among \(result.pairCount) pairs", sections: [.init(rows: rows)],
      tileWidth: 96, tileHeight: 96)
  }
}
