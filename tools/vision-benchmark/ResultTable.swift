import Foundation
import Reports

/// The results for reading: as Markdown, which is plain enough for a terminal.
struct ResultTable {
  private var table = TextTable(
    columns: [
      .init("figure"), .init("rate (least–most)"), .init("peak MiB", .right),
      .init("GFLOP/s", .right), .init("of sgemm", .right), .init("time ÷ floor", .right),
      .init("peer"), .init("its rate", .right), .init("ours ÷ its (least–most)"),
      .init("memory ours ÷ its", .right),
    ])
  private var load = 0.0

  /// Adds one figure: one row, and one more for every further peer.
  mutating func append(_ result: FigureResult) {
    load = max(load, result.load)
    let achieved = result.floorGflop > 0
    let first = [
      result.figure, "\(Self.spread(result.rate)) \(result.unit)", Self.number(result.peakMib),
      achieved ? Self.number(result.achievedGflops) : "–",
      achieved ? "\(Int((100 * result.achievedGflops / result.ceilingGflops).rounded())) %" : "–",
      achieved ? String(format: "%.2f", result.seconds.median / result.floorSeconds) : "–",
    ]
    if result.peers.isEmpty { table.append(first + ["–", "–", "–", "–"]) }
    for (index, peer) in result.peers.enumerated() {
      let ratio =
        String(format: "%.2f", peer.ratio.median)
        + String(format: " (%.2f–%.2f)", peer.ratio.least, peer.ratio.most)
      table.append(
        (index == 0 ? first : [String](repeating: "", count: first.count)) + [
          peer.library, Self.number(peer.rate.median), ratio,
          String(format: "%.2f", peer.memoryRatio),
        ])
    }
  }

  /// The table and what it was measured on.
  var text: String {
    var table = table
    table.caption =
      "Medians. \(Self.processor), \(ProcessInfo.processInfo.activeProcessorCount) processors, "
      + "highest load of one minute \(Self.number(load)), \(Date().formatted(.iso8601))."
    return table.markdown()
  }

  private static func spread(_ value: Spread) -> String {
    "\(number(value.median)) (\(number(value.least))–\(number(value.most)))"
  }

  private static func number(_ value: Double) -> String {
    String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
  }

  private static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map {
      $0.trimmingCharacters(in: .whitespaces)
    } ?? "unknown processor"
  }
}
