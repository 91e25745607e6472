public import Reports

/// What a command works with besides its flags.
public struct CommandSession: Sendable {
  /// Where progress, tables and warnings go: standard error.
  public let console: Console
  /// Whether the person asked the command to stop.
  public let interruption: Interruption
  /// The command line as typed, for the run folder; the program's name first.
  public let commandLine: [String]

  /// The command line as a shell takes it, quoted where needed.
  public var quotedCommandLine: String {
    commandLine.map(quotedForShell).joined(separator: " ")
  }
}

/// A word as a POSIX shell takes it.
public func quotedForShell(_ word: String) -> String {
  let isPlain = word.unicodeScalars.allSatisfy { scalar in
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || "-_./:=,+@%".unicodeScalars.contains(scalar)
  }
  if isPlain, !word.isEmpty { return word }
  return "'" + word.replacing("'", with: "'\\''") + "'"
}
