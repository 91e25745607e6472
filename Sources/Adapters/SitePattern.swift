import Spelling

/// A name for layers, as typed: a path, the end of one, a path with `*`, or one of the words
/// `all-linear`, `all-convolution`, `all`; with `[q,v]` behind it, parts of fused layers.
///
/// `attn.qkv` fits `blocks.0.attn.qkv`: a pattern fits a path that equals it or ends with `.` and it.
/// `*` stands for anything but a dot, `**` for anything. With `=` in front, the whole path is meant.
public struct SitePattern: Sendable, Hashable {
  /// What was typed.
  public let text: String
  /// The part before the brackets.
  let layers: String
  /// Names in the brackets; empty for the whole layer.
  let parts: [String]

  /// Reads a pattern.
  public init(_ text: String) {
    self.text = text
    guard text.hasSuffix("]"), let open = text.lastIndex(of: "[") else {
      layers = text
      parts = []
      return
    }
    layers = String(text[..<open])
    parts = text[text.index(after: open)...].dropLast().split(separator: ",").map {
      $0.trimmed
    }
  }

  /// Reads several patterns, divided by commas outside brackets.
  public static func list(_ text: String) -> [String] {
    var (found, current, depth) = ([String](), "", 0)
    for character in text {
      if character == "[" { depth += 1 }
      if character == "]" { depth -= 1 }
      if character == ",", depth == 0 {
        found.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    return (found + [current]).map { Substring($0).trimmed }.filter { !$0.isEmpty }
  }

  /// Whether the pattern fits a path.
  public func fits(_ path: String) -> Bool { Self.fits(layers, path) }

  /// Whether a pattern without brackets fits a path or its end.
  static func fits(_ pattern: String, _ path: String) -> Bool {
    if pattern.hasPrefix("=") { return path == pattern.dropFirst() }
    guard pattern.contains("*") else { return path == pattern || path.hasSuffix("." + pattern) }
    var end = Substring(path)
    while true {
      if matches(Substring(pattern), end) { return true }
      guard let dot = end.firstIndex(of: ".") else { return false }
      end = end[end.index(after: dot)...]
    }
  }

  private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return pattern == text }
    let head = pattern[..<star]
    guard text.hasPrefix(head) else { return false }
    var rest = pattern[pattern.index(after: star)...]
    let crossesDots = rest.hasPrefix("*")
    if crossesDots { rest = rest.dropFirst() }
    var tail = text.dropFirst(head.count)
    while true {
      if matches(rest, tail) { return true }
      guard let first = tail.first, crossesDots || first != "." else { return false }
      tail = tail.dropFirst()
    }
  }

  /// The path, or end of a path, that a wrong pattern was most likely meant to be.
  static func nearestEnd(to pattern: String, among paths: [String]) -> String? {
    var seen: Set<String> = []
    var ends: [String] = []
    for path in paths {
      var end = Substring(path)
      while true {
        // Numbers alone are no name.
        if !end.allSatisfy(\.isNumber), seen.insert(String(end)).inserted {
          ends.append(String(end))
        }
        guard let dot = end.firstIndex(of: ".") else { break }
        end = end[end.index(after: dot)...]
      }
    }
    return nearest(to: pattern, among: ends.sorted { $0.count < $1.count })
  }
}

extension Substring {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
