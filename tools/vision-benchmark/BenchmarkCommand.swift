import ArgumentParser
import Foundation
import Reports

/// Measures training, inference, decoding, matching and picture reading on this machine.
@main
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Speed and memory of the main jobs, alone or beside Python's usual libraries.",
    subcommands: [
      RunCommand.self, ConvolutionCommand.self, CountCommand.self, WorkerCommand.self,
    ],
    defaultSubcommand: RunCommand.self)
}

/// The benchmark itself.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Speed and memory of the main jobs, alone or beside Python's usual libraries.",
    discussion: """
      Prints one JSON line per figure and a table at the end. Every figure runs in a process of its
      own; with --peers, ours and theirs take samples in turn. Nothing else should run meanwhile.

      Example:
        tools/benchmark
        tools/benchmark --only vit_small,assign --peers .venv
      """)

  @Option(help: "Figures whose names contain one of these words, separated by commas.")
  var only: String?
  @Option(help: "A Python environment with torch, timm, scipy and OpenCV to compare with.")
  var peers: String?
  @Option(help: "Threads of every program.")
  var threads = 2
  @Option(help: "Samples of every figure.")
  var runs = 7
  @Option(help: "Calls before the first sample.")
  var warmup = 2
  @Option(help: "Folder in which the clip and the pictures are kept.")
  var folder = FileManager.default.temporaryDirectory.appending(path: "swift-vision-benchmark").path
  @Option(
    help: "A video of a fixed camera for whole-job. (default: what tools/fetch-footage gets)")
  var footage: String?
  @Option(help: .hidden)
  var peerScripts = "tools/peers"
  @Flag(help: "Print the JSON lines only.")
  var json = false
  @Flag(help: "Print the names of the figures.")
  var list = false

  func validate() throws {
    guard (1...64).contains(threads), runs >= 1, warmup >= 1 else {
      throw ValidationError("--threads must lie in 1...64, --runs and --warmup be at least 1.")
    }
  }

  func run() throws {
    var figures = try chosen()
    if list { return figures.forEach { print($0.name) } }
    if figures.contains(where: { $0.name == Figures.wholeJob }) {
      do {
        try WholeJobWork.provide(
          footage,
          script: URL(fileURLWithPath: peerScripts).appending(path: "../fetch-footage")
            .standardized,
          in: URL(fileURLWithPath: folder))
      } catch {
        // Asked for everything, the rest can still be measured.
        guard only == nil, footage == nil else { throw error }
        Self.report("\(Figures.wholeJob) is left out. \(error)")
        figures.removeAll { $0.name == Figures.wholeJob }
      }
    }
    let bench = Bench(
      executable: URL(fileURLWithPath: CommandLine.arguments[0]),
      python: peers.map { URL(fileURLWithPath: $0).appending(path: "bin/python") },
      scripts: URL(fileURLWithPath: peerScripts), folder: URL(fileURLWithPath: folder),
      threads: threads, runs: runs, warmup: warmup, report: Self.report)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    var table = ResultTable()
    try bench.measure(figures) { result in
      try FileHandle.standardOutput.write(contentsOf: encoder.encode(result) + [10])
      table.append(result)
    }
    if !json { print("\n" + table.text) }
  }

  private static func report(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  private func chosen() throws -> [Figure] {
    guard let only else { return Figures.all }
    let words = only.split(separator: ",").map(String.init)
    for word in words where !Figures.all.contains(where: { $0.name.contains(word) }) {
      throw BenchmarkError.unknownFigure(word)
    }
    return Figures.all.filter { figure in words.contains { figure.name.contains($0) } }
  }
}
