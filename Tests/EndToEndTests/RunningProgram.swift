import Foundation

/// A program of this package that has been started and may be sent signals.
final class RunningProgram {
  private let process = Process()

  /// Starts a program that was built beside the tests; what it says is thrown away.
  init(
    _ program: String, _ arguments: [String], errors: URL? = nil,
    environment: [String: String] = [:]
  ) throws {
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.executableURL = ProgramRun.folder.appendingPathComponent(program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    if let errors {
      try Data().write(to: errors)
      process.standardError = try FileHandle(forWritingTo: errors)
    } else {
      process.standardError = FileHandle.nullDevice
    }
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// Waits until `condition` holds, asked about every millisecond.
  ///
  /// - Returns: whether it came to hold while the program ran.
  func wait(until condition: () -> Bool) -> Bool {
    while process.isRunning {
      if condition() { return true }
      usleep(500)
    }
    return false
  }

  /// Sends a signal and waits for the end.
  ///
  /// - Returns: whether the signal ended the program, and its exit code or the signal's number.
  func end(with signal: Int32) -> (bySignal: Bool, code: Int32) {
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return (process.terminationReason == .uncaughtSignal, process.terminationStatus)
  }
}
