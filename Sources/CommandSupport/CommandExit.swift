/// The exit codes of every command, after `sysexits.h`.
public enum CommandExit: Int32, Sendable, CaseIterable {
  /// The command did what was asked.
  case done = 0
  /// The command line or the recipe is wrong.
  case usage = 64
  /// The input exists, but cannot be used.
  case badData = 65
  /// An input is missing or cannot be opened.
  case missingInput = 66
  /// Something that should not happen.
  case internalError = 70
  /// A file cannot be written, for example because the disk is full.
  case cannotWrite = 74
  /// The command was interrupted, and can be resumed.
  case interrupted = 75
}
