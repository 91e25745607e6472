import Foundation

/// The text of an SVG picture, built element by element.
struct SVGDocument: Sendable {
  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// Where a text is anchored.
  enum Anchor: String, Sendable {
    case start, middle, end
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, opacity: Double = 1
  ) {
    body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
    body += "height=\"\(Self.number(height))\" fill=\"\(fill)\""
    body += (opacity < 1 ? " fill-opacity=\"\(Self.number(opacity))\"" : "") + "/>\n"
  }

  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), stroke: String,
    width: Double = 1, dash: String = ""
  ) {
    body += "<line x1=\"\(Self.number(start.x))\" y1=\"\(Self.number(start.y))\" "
    body += "x2=\"\(Self.number(end.x))\" y2=\"\(Self.number(end.y))\" stroke=\"\(stroke)\" "
    body += "stroke-width=\"\(Self.number(width))\"\(Self.dashAttribute(dash))/>\n"
  }

  /// A line through points; the pieces are not joined.
  mutating func path(
    _ pieces: [[(x: Double, y: Double)]], stroke: String, width: Double, opacity: Double = 1,
    dash: String = "", fill: String = "none", fillOpacity: Double = 1
  ) {
    let data = pieces.filter { !$0.isEmpty }.map { piece in
      piece.enumerated().map { index, point in
        "\(index == 0 ? "M" : "L")\(Self.number(point.x)) \(Self.number(point.y))"
      }.joined()
    }.joined()
    guard !data.isEmpty else { return }
    body += "<path d=\"\(data)\" fill=\"\(fill)\" stroke=\"\(stroke)\" "
    body += "stroke-width=\"\(Self.number(width))\" stroke-linejoin=\"round\" "
    body += "stroke-linecap=\"round\"\(Self.dashAttribute(dash))"
    if opacity < 1 { body += " stroke-opacity=\"\(Self.number(opacity))\"" }
    if fill != "none", fillOpacity < 1 { body += " fill-opacity=\"\(Self.number(fillOpacity))\"" }
    body += "/>\n"
  }

  mutating func circle(x: Double, y: Double, radius: Double, fill: String) {
    body += "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" "
    body += "r=\"\(Self.number(radius))\" fill=\"\(fill)\"/>\n"
  }

  mutating func text(
    _ text: String, x: Double, y: Double, size: Double, anchor: Anchor = .start,
    fill: String = ChartPalette.text, bold: Bool = false, turned: Bool = false
  ) {
    body += "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
    body += "font-size=\"\(Self.number(size))\" text-anchor=\"\(anchor.rawValue)\" fill=\"\(fill)\""
    if bold { body += " font-weight=\"600\"" }
    if turned { body += " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" }
    body += ">\(text.markup)</text>\n"
  }

  /// The picture; the title and description are read aloud by screen readers.
  func svg(title: String, description: String) -> String {
    let size = "\(Self.number(width)) \(Self.number(height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" \
      width="\(Self.number(width))" height="\(Self.number(height))" role="img" \
      font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif">
      <title>\(title.markup)</title>
      <desc>\(description.markup)</desc>
      <rect width="100%" height="100%" fill="#FFFFFF"/>
      \(body)</svg>

      """
  }

  /// An estimate of a text's width; the font of the reader is not known here.
  static func textWidth(_ text: String, size: Double) -> Double {
    Double(text.terminalWidth) * size * 0.56
  }

  /// At most two decimals: a hundredth of a pixel is not seen.
  static func number(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard hundredths.isFinite else { return "0" }
    let text = NumberText.fixed(hundredths / 100, decimals: 2)
    var end = text.endIndex
    while text[text.index(before: end)] == "0" { end = text.index(before: end) }
    if text[text.index(before: end)] == "." { end = text.index(before: end) }
    return text[..<end] == "-0" ? "0" : String(text[..<end])
  }

  private static func dashAttribute(_ dash: String) -> String {
    dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""
  }
}
