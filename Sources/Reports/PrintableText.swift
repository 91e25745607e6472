extension String {
  /// The text with control characters, invisible direction marks and line breaks spelled out.
  ///
  /// File names may hold anything but a slash. Printed as they are, an escape sequence could
  /// recolour a terminal, a line break could fake a second line of a log, and a direction mark
  /// could show a name backwards; `\u{1B}` in place of the character is harmless.
  var printable: String {
    guard unicodeScalars.contains(where: Self.needsSpelling) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if Self.needsSpelling(scalar) {
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func needsSpelling(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF,
      0xFFFE...0xFFFF:
      true
    default: false
    }
  }

  /// Columns the text takes in a terminal: two for East Asian wide characters and emoji.
  var terminalWidth: Int {
    reduce(0) { total, character in
      guard let scalar = character.unicodeScalars.first else { return total }
      switch scalar.value {
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        return total + 2
      default: return total + 1
      }
    }
  }
}
