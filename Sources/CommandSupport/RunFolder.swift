public import Foundation

/// The files of a training run, whatever command made it.
public struct RunFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// The checkpoint to continue from.
  public var last: URL { url.appendingPathComponent("last") }
  /// The model to use.
  public var best: URL { url.appendingPathComponent("best") }
  /// Contact sheets and charts.
  public var pictures: URL { url.appendingPathComponent("pictures") }
  /// Command line, version, seed, threads, machine.
  public var command: URL { url.appendingPathComponent("command.txt") }
  /// Everything that was said.
  public var log: URL { url.appendingPathComponent("log.txt") }
  /// Measurements by step.
  public var metrics: URL { url.appendingPathComponent("metrics.csv") }
  /// Files that were left out.
  public var skipped: URL { url.appendingPathComponent("skipped.txt") }
  /// The page to look at.
  public var report: URL { url.appendingPathComponent("report.html") }
  /// The effective recipe.
  public var recipe: URL { url.appendingPathComponent("recipe.yaml") }
  /// What the run works on, as the command needs it to continue.
  public var inputs: URL { url.appendingPathComponent("inputs.json") }

  /// Names a run folder; nothing is created.
  public init(url: URL) {
    self.url = url
  }

  /// The command line that began the run, as it stands in `command.txt`.
  public var firstCommand: String? {
    let text = try? String(contentsOf: command, encoding: .utf8)
    return text?.split(separator: "\n").first.map(String.init)
  }

  /// Makes the folder of a new run and records what it will do.
  ///
  /// - Throws: `CommandFailure` where the folder is in use or cannot be written.
  public func create(
    recipe: String, inputs contents: some Encodable, seed: Int, threads: Int, command line: String
  ) throws(CommandFailure) {
    try checkIsFree()
    let files = FileManager.default
    do {
      try files.createDirectory(at: url, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try Data(recipe.utf8).write(to: self.recipe, options: .atomic)
      let facts = """
        \(line)
        version: swift-vision \(Self.version)
        seed: \(seed)
        threads: \(threads)
        host: \(ProcessInfo.processInfo.operatingSystemVersionString), \
        \(ProcessInfo.processInfo.processorCount) cores, \
        \(ProcessInfo.processInfo.physicalMemory >> 20) MiB

        """
      try Data(facts.utf8).write(to: command, options: .atomic)
      // Written last: a folder without it is not resumable and says so.
      try encoder.encode(contents).write(to: inputs, options: .atomic)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "The run folder \(url.path) cannot be written: \(Self.reason(of: error)); "
          + "name another --output.")
    }
  }

  /// Checks that nothing in the folder stands in the way of a new run.
  ///
  /// - Throws: `CommandFailure` of usage.
  public func checkIsFree() throws(CommandFailure) {
    let files = FileManager.default
    // What is there of a run that ended before its folder was complete may be written again.
    let beginning: Set = [recipe.lastPathComponent, command.lastPathComponent]
    if let content = try? files.contentsOfDirectory(atPath: url.path),
      !beginning.isSuperset(of: content)
    {
      let isRun = content.contains(inputs.lastPathComponent)
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
  public func removeUnfinished() {
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
  public static let version = "0.1.0"

  /// Makes the folder for pictures where there is none.
  ///
  /// - Throws: `CommandFailure` where it cannot be made.
  public func makePictures() throws(CommandFailure) {
    do {
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(
        .cannotWrite,
        "\(pictures.path) cannot be made: \(Self.reason(of: error)).")
    }
  }

  /// Writes a text file in one step.
  ///
  /// - Throws: `CommandFailure` where it cannot be written.
  public func write(_ text: String, to file: URL) throws(CommandFailure) {
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
    return error.localizedDescription.clause
  }
}
