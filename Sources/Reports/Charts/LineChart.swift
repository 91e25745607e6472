import Foundation

/// A chart of several lines over a common axis, as an SVG picture: losses, ROC and CMC curves.
///
/// ```swift
/// var chart = LineChart(title: "Loss", horizontal: ChartAxis("step"), vertical: ChartAxis("loss"))
/// chart.series = [LineChart.Series("simmim", steps: steps, values: losses)]
/// chart.smoothing = 0.9
/// let picture = chart.svg()
/// ```
public struct LineChart: Sendable, Equatable {
  /// One line.
  public struct Series: Sendable, Equatable {
    /// A point of a line, in the units of the axes.
    public struct Point: Sendable, Equatable {
      /// Value on the horizontal axis.
      public var x: Double
      /// Value on the vertical axis; one that is not finite breaks the line.
      public var y: Double

      /// Makes a point.
      public init(x: Double, y: Double) {
        self.x = x
        self.y = y
      }
    }

    /// Name in the legend.
    public var name: String
    /// Points from left to right.
    public var points: [Point]

    /// Makes a line.
    public init(_ name: String, points: [Point]) {
      self.name = name
      self.points = points
    }

    /// Makes the line of one column of a table of metrics; rows without a value are passed over.
    public init(_ name: String, rows: [MetricsRow], column: String) {
      self.init(
        name,
        points: rows.compactMap { row in
          row.values[column].map { Point(x: Double(row.step), y: $0) }
        })
    }
  }

  /// What the chart shows.
  public var title: String
  /// A second line: the run, the protocol.
  public var subtitle: String?
  /// The axis from left to right.
  public var horizontal: ChartAxis
  /// The axis from bottom to top.
  public var vertical: ChartAxis
  /// The lines.
  public var series: [Series]
  /// Weight of the past in the drawn line, 0…1; 0 draws the values themselves.
  ///
  /// With smoothing the values remain in the background. The average is corrected at its start,
  /// so that it does not begin at zero.
  public var smoothing: Double
  /// Width, in pixels.
  public var width: Double
  /// Height, in pixels.
  public var height: Double

  /// Makes a chart.
  public init(
    title: String, subtitle: String? = nil, horizontal: ChartAxis, vertical: ChartAxis,
    series: [Series] = [], smoothing: Double = 0, width: Double = 600, height: Double = 360
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.vertical = vertical
    self.series = series
    self.smoothing = smoothing
    self.width = width
    self.height = height
  }

  /// The chart as the text of an SVG file.
  public func svg() -> String {
    var document = SVGDocument(width: width, height: height)
    let shown = series.map { line in
      Series(
        line.name,
        points: line.points.filter { horizontal.admits($0.x) })
    }
    let values = shown.flatMap(\.points)
    var frame = ChartFrame(
      title: title, subtitle: subtitle, horizontal: horizontal, vertical: vertical,
      horizontalRange: horizontal.fitted(to: values.lazy.map(\.x), padding: 0),
      verticalRange: vertical.fitted(to: values.lazy.map(\.y), padding: 0.05),
      legend: shown.count < 2
        ? []
        : shown.enumerated().map { index, line in
          ChartFrame.LegendEntry(
            name: line.name, colour: ChartPalette.colour(index), dash: ChartPalette.dash(index))
        })
    frame.draw(in: &document)
    for (index, line) in shown.enumerated() {
      draw(line.points, index: index, frame: frame, in: &document)
    }
    if !values.contains(where: { vertical.admits($0.y) }) {
      document.text(
        "no values", x: (frame.left + frame.right) / 2, y: (frame.top + frame.bottom) / 2,
        size: 14, anchor: .middle, fill: ChartPalette.mutedText)
    }
    return document.svg(
      title: title,
      description: "Line chart of \(shown.map(\.name).joined(separator: ", ")): "
        + "\(vertical.label) over \(horizontal.label).")
  }

  private func draw(
    _ points: [Series.Point], index: Int, frame: ChartFrame, in document: inout SVGDocument
  ) {
    let colour = ChartPalette.colour(index)
    let dash = ChartPalette.dash(index)
    let pieces = placed(points, in: frame)
    if smoothing > 0 {
      document.path(pieces, stroke: colour, width: 1, opacity: 0.25)
      let smooth = placed(Self.smoothed(points, weight: smoothing), in: frame)
      document.path(smooth, stroke: colour, width: 2, dash: dash)
    } else {
      document.path(pieces, stroke: colour, width: 2, dash: dash)
    }
    // A line of one point has no length; a dot shows it.
    for piece in pieces where piece.count == 1 {
      document.circle(x: piece[0].x, y: piece[0].y, radius: 3, fill: colour)
    }
  }

  /// Pixel positions, in pieces between values that have no place, thinned to what can be seen.
  private func placed(
    _ points: [Series.Point], in frame: ChartFrame
  ) -> [[(x: Double, y: Double)]] {
    var pieces: [[(x: Double, y: Double)]] = [[]]
    for point in points {
      guard vertical.admits(point.y) else {
        pieces.append([])
        continue
      }
      // Values outside a given range are drawn at its edge, not across the titles.
      let y = min(max(frame.place(vertical: point.y), frame.top), frame.bottom)
      let x = min(max(frame.place(horizontal: point.x), frame.left), frame.right)
      pieces[pieces.count - 1].append((x, y))
    }
    return pieces.filter { !$0.isEmpty }.map(Self.thinned)
  }

  /// At most four points per pixel column: its first, highest, lowest and last.
  static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > 2000 else { return points }
    var result: [(x: Double, y: Double)] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var end = start
      var lowest = start
      var highest = start
      while end < points.count, points[end].x.rounded(.down) == column {
        if points[end].y < points[lowest].y { lowest = end }
        if points[end].y > points[highest].y { highest = end }
        end += 1
      }
      result += Set([start, lowest, highest, end - 1]).sorted().map { points[$0] }
      start = end
    }
    return result
  }

  /// The exponential average `m ← w·m + (1−w)·y`, divided by `1 − wⁿ`.
  static func smoothed(_ points: [Series.Point], weight: Double) -> [Series.Point] {
    let weight = min(max(weight, 0), 0.9999)
    var average = 0.0
    var total = 0.0
    return points.map { point in
      guard point.y.isFinite else { return point }
      average = weight * average + (1 - weight) * point.y
      total = weight * total + (1 - weight)
      return Series.Point(x: point.x, y: average / total)
    }
  }
}
