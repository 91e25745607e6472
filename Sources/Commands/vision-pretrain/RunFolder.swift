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
  var command: URL { url.appendingPathComponent("command.txt") }
  var log: URL { url.appendingPathComponent("log.txt") }
  var metrics: URL { url.appendingPathComponent("metrics.csv") }
  var pairs: URL { url.appendingPathComponent("pairs.csv") }
  var skipped: URL { url.appendingPathComponent("skipped.txt") }
  var report: URL { url.appendingPathComponent("report.html") }

  /// The command line that began the run, as it stands in `command.txt`.
  var firstCommand: String? {
    let text = try? String(contentsOf: command, encoding: .utf8)
    return text?.split(separator: "\n").first.map(String.init)
  }

  /// Makes the folder of a new run and records what it will do.
  func create(_ job: PretrainJob, command line: String) throws(CommandFailure) {
    try checkIsFree()
    let files = FileManager.default
    do {
      try files.createDirectory(at: url, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try Data(job.recipe.yaml().utf8).write(
        to: url.appendingPathComponent(PretrainJob.recipeName), options: .atomic)
      let facts = """
        \(line)
        version: swift-vision \(Self.version)
        seed: \(job.recipe.seed)
        threads: \(job.threads)
        host: \(ProcessInfo.processInfo.operatingSystemVersionString), \
        \(ProcessInfo.processInfo.processorCount) cores, \
        \(ProcessInfo.processInfo.physicalMemory >> 20) MiB

        """
      try Data(facts.utf8).write(to: command, options: .atomic)
      // Written last: a folder without it is not resumable and says so.
      try encoder.encode(job.inputs).write(
        to: url.appendingPathComponent(PretrainJob.inputsName), options: .atomic)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "The run folder \(url.path) cannot be written: \(Self.reason(of: error)); "
          + "name another --output.")
    }
  }

  /// Checks that nothing in the folder stands in the way of a new run.
  func checkIsFree() throws(CommandFailure) {
    let files = FileManager.default
    // What is there of a run that ended before its folder was complete may be written again.
    let beginning: Set = [PretrainJob.recipeName, command.lastPathComponent]
    if let content = try? files.contentsOfDirectory(atPath: url.path),
      !beginning.isSuperset(of: content)
    {
      let isRun = content.contains(PretrainJob.inputsName)
      throw CommandFailure(
        .usage,
        isRun
          ? "The folder \(url.path) already holds a run: continue it with --resume \(quotedForShell(url.path)), or "
            + "name another --output."
          : "The folder \(url.path) is not empty, so no run is started in it; name another "
            + "--output.")
    }
  }

  /// Removes what a killed process left of files it had not finished.
  ///
  /// Weights are written under a hidden name that ends in `.partial`, pictures under `.writing-…`,
  /// and Foundation names files `.dat.nosync…` until they are complete. Checkpoints and crops look
  /// after themselves.
  func removeUnfinished() {
    let files = FileManager.default
    for place in [url, best, pictures] {
      for name in (try? files.contentsOfDirectory(atPath: place.path)) ?? []
      where [".dat.nosync", ".writing-"].contains(where: name.hasPrefix)
        || name.hasPrefix(".") && name.hasSuffix(".partial")
      {
        try? files.removeItem(at: place.appendingPathComponent(name))
      }
    }
  }

  /// Version of the tool-kit, as it stands in run folders.
  static let version = "0.1.0"

  /// Makes the folder for pictures where there is none.
  func makePictures() throws(CommandFailure) {
    do {
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "\(pictures.path) cannot be made: \(Self.reason(of: error)).")
    }
  }

  /// Writes a text file in one step.
  func write(_ text: String, to file: URL) throws(CommandFailure) {
    do {
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "\(file.path) cannot be written: \(Self.reason(of: error)).")
    }
  }

  /// What the operating system complains about, without a full stop.
  private static func reason(of error: any Error) -> String {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(cause.code))) }
    let text = error.localizedDescription
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
