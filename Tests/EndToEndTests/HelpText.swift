/// The entries of a help text by the name of their flag: an entry begins a line, what follows is indented
/// further.
func flags(in help: String) -> [String: String] {
  let entries = ("\n" + help).replacing("\n  --", with: "\u{0}").split(separator: "\u{0}")
    .dropFirst()
  return Dictionary(
    entries.map { entry in
      (String(entry.prefix { !$0.isWhitespace }), String(entry))
    }, uniquingKeysWith: { first, _ in first })
}

/// The flags whose entries tell no default, those that print and end aside.
func flagsWithoutDefault(in help: String) -> [String] {
  flags(in: help).filter {
    !$0.value.contains("(default:") && !["version", "help"].contains($0.key)
  }
  .keys.sorted()
}
