/// The content of `skipped.txt`: a line for each file that was left out, its path, a tab, the reason.
///
/// Tabs, line breaks and escape sequences in a name are spelled out, so that every line has two
/// columns, and none fakes another or recolours a terminal.
public struct SkippedList {
  /// The lines, each with its end.
  public private(set) var text = ""

  /// Lists files in the order given.
  public init(_ files: some Sequence<(path: String, reason: String)>) {
    for (path, reason) in files { text += "\(path.printable)\t\(reason.printable)\n" }
  }
}
