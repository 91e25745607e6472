/// What can go wrong while a log, a table of metrics or a report is written or continued.
public enum ReportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A file could not be created, extended or replaced.
  case cannotWrite(path: String, reason: String)
  /// A file that should be continued could not be read.
  case cannotRead(path: String, reason: String)
  /// The file to be continued has other columns than the run that wants to continue it.
  case columnsDiffer(path: String, expected: [String], found: [String])
  /// A line in the middle of a file does not have the expected form.
  case malformedLine(path: String, line: Int, reason: String)

  /// A sentence saying what, where, why, and what to do.
  public var description: String {
    switch self {
    case .cannotWrite(let path, let reason):
      "Cannot write \(path.printable): \(reason). "
        + "Check that the folder exists, may be written to, and has free space."
    case .cannotRead(let path, let reason):
      "Cannot read \(path.printable): \(reason)."
    case .columnsDiffer(let path, let expected, let found):
      "Cannot continue \(path.printable): its columns are \(found.joined(separator: ",")), "
        + "the run now writes \(expected.joined(separator: ",")). "
        + "Resume with the recipe the run began with, or start a new run."
    case .malformedLine(let path, let line, let reason):
      "Cannot continue \(path.printable): line \(line) \(reason). "
        + "Restore the file from a copy, or move it away to begin a new one."
    }
  }
}
