public import Foundation

/// All the files a run writes its metrics to, in one call per row.
///
/// `metrics.csv`, `metrics.jsonl` and a TensorBoard event file hold the values; `timing.csv` holds
/// what depends on the clock, so that the others are the same bytes however often a run was stopped.
public struct MetricsLog: Sendable {
  /// The table of values.
  public let csv: MetricsCSV
  /// The same as JSON lines.
  public let jsonLines: MetricsJSONLines
  /// The same for TensorBoard; pictures may be added to it.
  public let tensorBoard: TensorBoardWriter
  /// Columns `seconds` and `imagesPerSecond`.
  public let timing: MetricsCSV

  /// Begins or continues the files of a run folder.
  ///
  /// - Parameters:
  ///   - directory: the run folder; it must exist.
  ///   - columns: names of the values.
  ///   - step: the first step that a resumed run does again; nil for a fresh run.
  /// - Throws: ``ReportError`` if a file cannot be written or has other columns.
  public init(
    directory: URL, columns: [String], resumingAt step: Int? = nil
  ) throws(ReportError) {
    csv = try MetricsCSV(
      url: directory.appendingPathComponent("metrics.csv"), columns: columns, resumingAt: step)
    jsonLines = try MetricsJSONLines(
      url: directory.appendingPathComponent("metrics.jsonl"), resumingAt: step)
    timing = try MetricsCSV(
      url: directory.appendingPathComponent("timing.csv"),
      columns: ["seconds", "imagesPerSecond"], resumingAt: step)
    tensorBoard = try TensorBoardWriter(directory: directory, resumingAt: step)
  }

  /// Adds the values of a step to every file.
  ///
  /// - Parameters:
  ///   - row: the step and its values; a slash in a name makes a group in TensorBoard.
  ///   - seconds: time since the run began or was resumed.
  ///   - imagesPerSecond: the training rate.
  /// - Throws: ``ReportError`` if the disk is full.
  public func append(
    _ row: MetricsRow, seconds: Double? = nil, imagesPerSecond: Double? = nil
  ) throws(ReportError) {
    try csv.append(row)
    try jsonLines.append(row)
    try tensorBoard.scalars(row.values, step: row.step)
    var times: [String: Double] = [:]
    times["seconds"] = seconds
    times["imagesPerSecond"] = imagesPerSecond
    if !times.isEmpty { try timing.append(MetricsRow(step: row.step, values: times)) }
  }

  /// Waits until everything is on the disk; call it before a checkpoint becomes valid.
  public func synchronize() throws(ReportError) {
    try csv.synchronize()
    try jsonLines.synchronize()
    try timing.synchronize()
    try tensorBoard.synchronize()
  }
}
