/// Titles, legend, grid and axes around the plotting area of a chart.
struct ChartFrame: Sendable {
  /// A name in the legend with its line.
  struct LegendEntry: Sendable {
    let name: String
    let colour: String
    let dash: String
  }

  let title: String
  let subtitle: String?
  let horizontal: ChartAxis
  let vertical: ChartAxis
  let horizontalRange: ClosedRange<Double>
  let verticalRange: ClosedRange<Double>
  let legend: [LegendEntry]

  private(set) var left = 0.0
  private(set) var right = 0.0
  private(set) var top = 0.0
  private(set) var bottom = 0.0

  init(
    title: String, subtitle: String?, horizontal: ChartAxis, vertical: ChartAxis,
    horizontalRange: ClosedRange<Double>, verticalRange: ClosedRange<Double>,
    legend: [LegendEntry]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.vertical = vertical
    self.horizontalRange = horizontalRange
    self.verticalRange = verticalRange
    self.legend = legend
  }

  /// Draws everything around the data and finds the plotting area.
  mutating func draw(in document: inout SVGDocument) {
    let verticalTicks = vertical.ticks(in: verticalRange, count: 6)
    let verticalLabels = vertical.labels(of: verticalTicks)
    let labelWidth = verticalLabels.map { SVGDocument.textWidth($0, size: 12) }.max() ?? 0
    left = 16 + (vertical.label.isEmpty ? 0 : 20) + labelWidth + 8
    right = document.width - 20
    bottom = document.height - (horizontal.label.isEmpty ? 32 : 52)
    var y = 26.0
    document.text(title, x: 16, y: y, size: 16, bold: true)
    if let subtitle {
      y += 19
      document.text(subtitle, x: 16, y: y, size: 12, fill: ChartPalette.mutedText)
    }
    y += 12
    if !legend.isEmpty { y = drawLegend(in: &document, from: y + 10) }
    top = y + 8

    for (tick, label) in zip(verticalTicks, verticalLabels) {
      let level = place(vertical: tick)
      document.line(from: (left, level), to: (right, level), stroke: ChartPalette.gridLine)
      document.text(
        label, x: left - 8, y: level + 4, size: 12, anchor: .end, fill: ChartPalette.mutedText)
    }
    drawHorizontalAxis(in: &document)
    if !vertical.label.isEmpty {
      document.text(
        vertical.label, x: 24, y: (top + bottom) / 2, size: 12, anchor: .middle,
        fill: ChartPalette.mutedText, turned: true)
    }
  }

  private func drawHorizontalAxis(in document: inout SVGDocument) {
    let ticks = horizontal.ticks(
      in: horizontalRange, count: horizontal.scale == .logarithmic ? 8 : 6)
    document.line(from: (left, bottom), to: (right, bottom), stroke: ChartPalette.axisLine)
    for (tick, label) in zip(ticks, horizontal.labels(of: ticks)) {
      let x = place(horizontal: tick)
      document.line(from: (x, bottom), to: (x, bottom + 5), stroke: ChartPalette.axisLine)
      // A label at the very end is drawn inwards, so that it is not cut off.
      let half = SVGDocument.textWidth(label, size: 12) / 2
      let anchor: SVGDocument.Anchor = x + half > document.width - 4 ? .end : .middle
      document.text(
        label, x: anchor == .end ? document.width - 4 : x, y: bottom + 19, size: 12,
        anchor: anchor, fill: ChartPalette.mutedText)
    }
    if !horizontal.label.isEmpty {
      document.text(
        horizontal.label, x: (left + right) / 2, y: bottom + 41, size: 12, anchor: .middle,
        fill: ChartPalette.mutedText)
    }
  }

  /// Draws the names in as many lines as they need, and gives the lower edge.
  private func drawLegend(in document: inout SVGDocument, from start: Double) -> Double {
    var x = 16.0
    var y = start
    for entry in legend {
      let width = 30 + SVGDocument.textWidth(entry.name, size: 12)
      if x > 16, x + width > document.width - 16 {
        x = 16
        y += 18
      }
      document.line(
        from: (x, y - 4), to: (x + 22, y - 4), stroke: entry.colour, width: 3, dash: entry.dash)
      document.text(entry.name, x: x + 28, y: y, size: 12)
      x += width + 18
    }
    return y + 10
  }

  /// The pixel column of a value.
  func place(horizontal value: Double) -> Double {
    left + (right - left) * horizontal.position(value, in: horizontalRange)
  }

  /// The pixel row of a value.
  func place(vertical value: Double) -> Double {
    bottom - (bottom - top) * vertical.position(value, in: verticalRange)
  }
}
