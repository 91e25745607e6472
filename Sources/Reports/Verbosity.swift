/// How much a command says on standard error.
public enum Verbosity: Int, Sendable, Comparable, CaseIterable {
  /// Warnings and errors only; no progress.
  case quiet
  /// Progress, notices, warnings and errors.
  case normal
  /// Everything, details included.
  case verbose

  /// Orders by how much is said.
  public static func < (left: Verbosity, right: Verbosity) -> Bool {
    left.rawValue < right.rawValue
  }
}
