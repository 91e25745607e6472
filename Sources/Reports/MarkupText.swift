import Foundation

extension String {
  /// The text escaped for the content and the quoted attributes of HTML, SVG and XML.
  ///
  /// Control characters, which XML forbids even when escaped, are spelled out first.
  var markup: String {
    var text = ""
    for character in self.printable {
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.append(character)
      }
    }
    return text
  }

  /// ``markup`` that keeps line breaks and tabs, for preformatted blocks.
  var preformattedMarkup: String {
    split(omittingEmptySubsequences: false) { $0.isNewline }
      .map { $0.replacingOccurrences(of: "\t", with: "    ").markup }
      .joined(separator: "\n")
  }
}
