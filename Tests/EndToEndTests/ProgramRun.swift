import Foundation

/// One finished run of a program of this package: what it said, and how it ended.
struct ProgramRun {
  /// The exit code.
  let exit: Int32
  /// Everything on standard output.
  let output: String
  /// Everything on standard error.
  let errors: String

  /// Runs a program that was built beside the tests.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    directory: URL? = nil
  ) throws {
    try self.init(
      Self.folder.appendingPathComponent(program), arguments, environment: environment,
      directory: directory)
  }

  /// Runs any program.
  init(
    _ program: URL, _ arguments: [String], environment: [String: String] = [:],
    directory: URL? = nil
  ) throws {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = directory
    // Files, not pipes: a program that fills a pipe nobody reads would wait for ever.
    let place = FileManager.default.temporaryDirectory
      .appendingPathComponent("run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let files = ["output", "errors"].map { place.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let handles = try files.map { try FileHandle(forWritingTo: $0) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    for handle in handles { try handle.close() }
    exit = process.terminationStatus
    output = try String(contentsOf: files[0], encoding: .utf8)
    errors = try String(contentsOf: files[1], encoding: .utf8)
  }

  /// Standard output as one JSON object; nil if it is anything else.
  var object: [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any]
  }

  /// Where the build leaves programs and tests.
  static var folder: URL {
    // Linux: the test program itself; macOS: a bundle loaded by a program of the system.
    let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
    let tests =
      bundle?.bundleURL ?? URL(fileURLWithPath: CommandLine.arguments.first ?? ".")
    return tests.deletingLastPathComponent()
  }
}
