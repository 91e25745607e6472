import CommandSupport
import Foundation
import Reports

/// The curves of a run from its `metrics.csv`.
struct FinetuneCharts {
  let rows: [MetricsRow]

  /// Reads the measurements of a run.
  init(of folder: RunFolder) throws {
    rows = try MetricsCSV.rows(of: folder.metrics)
  }

  /// Curves of some columns in one chart; nil without a value in any of them.
  func chart(
    _ title: String, vertical: String, columns: [(column: String, name: String)],
    smoothing: Double = 0
  ) -> LineChart? {
    let series = columns.map { LineChart.Series($0.name, rows: rows, column: $0.column) }
      .filter { !$0.points.isEmpty }
    guard !series.isEmpty else { return nil }
    return LineChart(
      title: title, horizontal: ChartAxis("step"), vertical: ChartAxis(vertical), series: series,
      smoothing: smoothing)
  }

  /// The section "Training" of a report; the charts are also written into the folder of pictures.
  func section(
    _ charts: [(file: String, chart: LineChart?, lookFor: String)], in folder: RunFolder
  ) throws -> HTMLReport.Section {
    try folder.makePictures()
    var blocks: [HTMLReport.Block] = []
    for entry in charts {
      guard let chart = entry.chart else { continue }
      try folder.write(
        chart.svg(), to: folder.pictures.appendingPathComponent("\(entry.file).svg"))
      blocks.append(
        .figure(.init(.chart(chart), caption: chart.title, lookFor: entry.lookFor)))
    }
    return HTMLReport.Section("Training", blocks: blocks)
  }
}
