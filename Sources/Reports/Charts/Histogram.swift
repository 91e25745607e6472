/// A histogram of one or several groups of values, as an SVG picture: scores of same and different
/// persons, match reliabilities.
public struct Histogram: Sendable, Equatable {
  /// Values of one kind.
  public struct Group: Sendable, Equatable {
    /// Name in the legend.
    public var name: String
    /// The values; those that are not finite are left out.
    public var values: [Double]

    /// Makes a group.
    public init(_ name: String, values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// A labelled line across the chart: a threshold, a mean.
  public struct Marker: Sendable, Equatable {
    /// Text beside the line.
    public var label: String
    /// Place on the horizontal axis.
    public var value: Double

    /// Makes a marker.
    public init(_ label: String, at value: Double) {
      self.label = label
      self.value = value
    }
  }

  /// What the bars measure.
  public enum Measure: Sendable, Equatable {
    /// Values per bin.
    case count
    /// Share of the group's values, in percent: groups of different sizes compare.
    case share
  }

  /// What the chart shows.
  public var title: String
  /// A second line: the run, the protocol.
  public var subtitle: String?
  /// The axis of the values.
  public var horizontal: ChartAxis
  /// The groups.
  public var groups: [Group]
  /// Lines across the chart.
  public var markers: [Marker]
  /// Number of bins over the whole range.
  public var binCount: Int
  /// What the bars measure.
  public var measure: Measure
  /// Width, in pixels.
  public var width: Double
  /// Height, in pixels.
  public var height: Double

  /// Makes a histogram.
  ///
  /// - Precondition: `binCount` is positive and the axis is linear.
  public init(
    title: String, subtitle: String? = nil, horizontal: ChartAxis, groups: [Group],
    markers: [Marker] = [], binCount: Int = 40, measure: Measure = .count, width: Double = 600,
    height: Double = 360
  ) {
    precondition(binCount > 0, "Histogram: \(binCount) bins")
    precondition(horizontal.scale == .linear, "Histogram: bins of equal width need a linear axis")
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.groups = groups
    self.markers = markers
    self.binCount = binCount
    self.measure = measure
    self.width = width
    self.height = height
  }

  /// The number of values of a group in each bin of a range; the upper end belongs to the last bin.
  static func counts(
    of values: [Double], in range: ClosedRange<Double>, binCount: Int
  ) -> [Int] {
    var counts = [Int](repeating: 0, count: binCount)
    let scale = Double(binCount) / (range.upperBound - range.lowerBound)
    for value in values where range.contains(value) {
      counts[min(Int((value - range.lowerBound) * scale), binCount - 1)] += 1
    }
    return counts
  }

  /// The chart as the text of an SVG file.
  public func svg() -> String {
    let range = horizontal.fitted(to: groups.lazy.flatMap(\.values), padding: 0)
    let bars = groups.map { group in
      let finite = group.values.count(where: \.isFinite)
      return Self.counts(of: group.values, in: range, binCount: binCount).map { count in
        measure == .count ? Double(count) : 100 * Double(count) / Double(max(finite, 1))
      }
    }
    let highest = bars.lazy.flatMap { $0 }.max() ?? 0
    var document = SVGDocument(width: width, height: height)
    var frame = ChartFrame(
      title: title, subtitle: subtitle, horizontal: horizontal,
      vertical: ChartAxis(measure == .count ? "count" : "share of the group (%)"),
      horizontalRange: range, verticalRange: 0...(highest > 0 ? highest * 1.08 : 1),
      legend: groups.count < 2
        ? []
        : groups.enumerated().map { index, group in
          ChartFrame.LegendEntry(
            name: "\(group.name) (\(group.values.count))", colour: ChartPalette.colour(index),
            dash: "")
        })
    frame.draw(in: &document)
    for (index, heights) in bars.enumerated() where heights.contains(where: { $0 > 0 }) {
      document.path(
        [outline(heights, frame: frame, range: range)], stroke: ChartPalette.colour(index),
        width: 1.5, fill: ChartPalette.colour(index), fillOpacity: 0.28)
    }
    for marker in markers where range.contains(marker.value) {
      let x = frame.place(horizontal: marker.value)
      document.line(
        from: (x, frame.top), to: (x, frame.bottom), stroke: ChartPalette.text, width: 1.2,
        dash: "4 3")
      let fits = x + SVGDocument.textWidth(marker.label, size: 12) + 10 < frame.right
      document.text(
        marker.label, x: fits ? x + 5 : x - 5, y: frame.top + 12, size: 12,
        anchor: fits ? .start : .end)
    }
    return document.svg(
      title: title,
      description: "Histogram of \(groups.map(\.name).joined(separator: ", ")) "
        + "over \(horizontal.label).")
  }

  private func outline(
    _ heights: [Double], frame: ChartFrame, range: ClosedRange<Double>
  ) -> [(x: Double, y: Double)] {
    let step = (range.upperBound - range.lowerBound) / Double(heights.count)
    var points = [(x: frame.left, y: frame.bottom)]
    for (bin, height) in heights.enumerated() {
      let y = frame.place(vertical: height)
      points.append((frame.place(horizontal: range.lowerBound + Double(bin) * step), y))
      points.append((frame.place(horizontal: range.lowerBound + Double(bin + 1) * step), y))
    }
    points.append((x: frame.right, y: frame.bottom))
    return points
  }
}
