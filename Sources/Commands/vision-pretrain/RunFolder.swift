import CommandSupport
import Foundation
import Recipes

/// The files of a pretraining run.
struct RunFolder {
  let url: URL

  var crops: URL { url.appendingPathComponent("crops") }
  var last: URL { url.appendingPathComponent("last") }
  var best: URL { url.appendingPathComponent("best") }
  var pictures: URL { url.appendingPathComponent("pictures") }
  var log: URL { url.appendingPathComponent("log.txt") }
  var metrics: URL { url.appendingPathComponent("metrics.csv") }
  var pairs: URL { url.appendingPathComponent("pairs.csv") }
  var skipped: URL { url.appendingPathComponent("skipped.txt") }
  var report: URL { url.appendingPathComponent("report.html") }

  /// Makes the folder of a new run and records what it will do.
  func create(_ job: PretrainJob, command: String) throws(CommandFailure) {
    let files = FileManager.default
    if let content = try? files.contentsOfDirectory(atPath: url.path), !content.isEmpty {
      let isRun = content.contains(PretrainJob.inputsName)
      throw CommandFailure(
        .usage,
        isRun
          ? "The folder \(url.path) already holds a run: continue it with --resume \(url.path), or "
            + "name another --output."
          : "The folder \(url.path) is not empty, so no run is started in it; name another "
            + "--output.")
    }
    do {
      try files.createDirectory(at: url, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try Data(job.recipe.yaml().utf8).write(
        to: url.appendingPathComponent(PretrainJob.recipeName), options: .atomic)
      let facts = """
        \(command)
        version: swift-vision \(Self.version)
        seed: \(job.recipe.seed)
        threads: \(job.threads)
        host: \(ProcessInfo.processInfo.operatingSystemVersionString), \
        \(ProcessInfo.processInfo.processorCount) cores, \
        \(ProcessInfo.processInfo.physicalMemory >> 20) MiB

        """
      try Data(facts.utf8).write(
        to: url.appendingPathComponent("command.txt"), options: .atomic)
      // Written last: a folder without it is not resumable and says so.
      try encoder.encode(job.inputs).write(
        to: url.appendingPathComponent(PretrainJob.inputsName), options: .atomic)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "The run folder \(url.path) cannot be written: \((error as NSError).localizedDescription); "
          + "name another --output.")
    }
  }

  /// Version of the tool-kit, as it stands in run folders.
  static let version = "0.1.0"

  /// Writes a text file in one step.
  func write(_ text: String, to file: URL) throws(CommandFailure) {
    do {
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "\(file.path) cannot be written: \((error as NSError).localizedDescription).")
    }
  }
}
