import Foundation
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ChartTests {
  private final class Reader: NSObject, XMLParserDelegate {
    var elements: [String: Int] = [:]
    var texts: [String] = []

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      elements[name, default: 0] += 1
      texts.append("")
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      if !texts.isEmpty { texts[texts.count - 1] += string }
    }
  }

  private func parsed(_ svg: String) throws -> Reader {
    let parser = XMLParser(data: Data(svg.utf8))
    let reader = Reader()
    parser.delegate = reader
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
    reader.texts = reader.texts.map { $0.trimmingCharacters(in: .newlines) }
    return reader
  }

  private static func losses(_ count: Int) -> [LineChart.Series.Point] {
    (0..<count).map { .init(x: Double($0), y: 1 / (1 + Double($0) / 50)) }
  }

  @Test func `a chart is well-formed and names its parts`() throws {
    let chart = LineChart(
      title: "Loss <of> \"a & b\"", subtitle: "run\u{1B}", horizontal: ChartAxis("step"),
      vertical: ChartAxis("L1"),
      series: [
        .init("simmim", points: Self.losses(200)), .init("isr", points: Self.losses(100)),
      ], smoothing: 0.9)
    let reader = try parsed(chart.svg())
    #expect(reader.elements["path"] == 4)
    #expect(reader.texts.contains("Loss <of> \"a & b\""))
    #expect(reader.texts.contains("run\\u{1B}"))
    for text in ["simmim", "isr", "step", "L1"] { #expect(reader.texts.contains(text)) }
  }

  @Test func `values without a place break the line`() throws {
    var points = Self.losses(10)
    points[4].y = .nan
    points[7].y = .infinity
    let chart = LineChart(
      title: "t", horizontal: ChartAxis("x"), vertical: ChartAxis("y"),
      series: [.init("a", points: points)])
    let svg = chart.svg()
    _ = try parsed(svg)
    let path = try #require(svg.split(separator: "\n").first { $0.hasPrefix("<path") })
    #expect(path.filter { $0 == "M" }.count == 3)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func `a chart without values says so`() throws {
    let chart = LineChart(
      title: "t", horizontal: ChartAxis("x", scale: .logarithmic), vertical: ChartAxis("y"),
      series: [.init("a", points: [.init(x: 0, y: .nan)])])
    #expect(try parsed(chart.svg()).texts.contains("no values"))
    let histogram = Histogram(title: "t", horizontal: ChartAxis("x"), groups: [])
    _ = try parsed(histogram.svg())
  }

  @Test func `long series are thinned and keep their extremes`() {
    var points = (0..<50_000).map { (x: Double($0) / 100, y: 0.5) }
    points[12_345].y = 9
    let thinned = LineChart.thinned(points)
    #expect(thinned.count <= 4 * 501)
    #expect(thinned.contains { $0.y == 9 })
    #expect(thinned.last?.x == points.last?.x)
  }

  @Test func `smoothing is corrected at the start`() {
    let constant = (0..<5).map { LineChart.Series.Point(x: Double($0), y: 2) }
    for point in LineChart.smoothed(constant, weight: 0.9) {
      #expect(abs(point.y - 2) < 1e-12)
    }
    let step: [LineChart.Series.Point] = [.init(x: 0, y: 0), .init(x: 1, y: 1)]
    // (0.1 · 1 + 0.9 · 0) / (1 − 0.81)
    #expect(abs(LineChart.smoothed(step, weight: 0.9)[1].y - 0.1 / 0.19) < 1e-12)
  }

  @Test func `linear ticks are round and inside`() {
    let axis = ChartAxis("x")
    #expect(axis.ticks(in: 0...1, count: 5) == [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect(
      axis.labels(of: axis.ticks(in: 0...1, count: 5)) == [
        "0.0", "0.2", "0.4", "0.6", "0.8", "1.0",
      ])
    #expect(axis.ticks(in: -1200...37_000, count: 4) == [0, 10_000, 20_000, 30_000])
    #expect(axis.labels(of: [-10_000, 0, 20_000]) == ["−10\u{2009}000", "0", "20\u{2009}000"])
    #expect(axis.ticks(in: 3...3.0001, count: 5).count >= 4)
    #expect(axis.labels(of: [0, 2e-6]) == ["0", "2×10⁻⁶"])
  }

  @Test func `logarithmic ticks are powers of ten`() {
    let axis = ChartAxis("FAR", scale: .logarithmic)
    let ticks = axis.ticks(in: 1e-6...1, count: 8)
    #expect(axis.labels(of: ticks) == ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"])
    #expect(axis.labels(of: axis.ticks(in: 0.1...2, count: 6)) == ["0.1", "0.2", "0.5", "1", "2"])
    #expect(abs(axis.position(1e-3, in: 1e-6...1) - 0.5) < 1e-12)
    #expect(!axis.admits(0) && !axis.admits(-1))
  }

  @Test func `an axis fits its values`() {
    let axis = ChartAxis("y")
    #expect(axis.fitted(to: [0.0, 1], padding: 0.05) == 0...1.05)
    #expect(axis.fitted(to: [5.0, 5], padding: 0.05) == 4.5...5.5)
    #expect(axis.fitted(to: [], padding: 0.05) == 0...1)
    #expect(ChartAxis("y", range: 0...2).fitted(to: [7.0], padding: 0) == 0...2)
  }

  @Test func `bins hold every value of the range once`() {
    let values: [Double] = [-1, -0.5, 0, 0, 0.49, 0.5, 1, .nan, 3]
    #expect(Histogram.counts(of: values, in: -1...1, binCount: 4) == [1, 1, 3, 2])
  }

  @Test func `a histogram draws each group and its markers`() throws {
    let histogram = Histogram(
      title: "Scores", horizontal: ChartAxis("cosine", range: -1...1),
      groups: [
        .init("same person", values: (0..<50).map { Double($0) / 60 }),
        .init("others", values: (0..<900).map { Double($0) / 900 - 0.7 }),
      ], markers: [.init("threshold", at: 0.4)], measure: .share)
    let reader = try parsed(histogram.svg())
    #expect(reader.elements["path"] == 2)
    #expect(reader.texts.contains("same person (50)"))
    #expect(reader.texts.contains("threshold"))
  }

  @Test func `numbers in pictures are short`() {
    #expect(SVGDocument.number(12) == "12")
    #expect(SVGDocument.number(12.3456) == "12.35")
    #expect(SVGDocument.number(-0.001) == "0")
    #expect(SVGDocument.number(100.5) == "100.5")
  }
}
