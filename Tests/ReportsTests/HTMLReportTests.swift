import Foundation
import Images
import Testing

@testable import Reports

@Suite struct HTMLReportTests {
  private static let oddName = "videos/<img src=x onerror=alert(1)>&\"'\n\u{202E}4pm.漢.mp4"

  private static func report() throws -> HTMLReport {
    let chart = LineChart(
      title: "Loss", horizontal: ChartAxis("step"), vertical: ChartAxis("L1"),
      series: [
        .init("simmim", points: (0..<50).map { .init(x: Double($0), y: 1 / Double($0 + 1)) })
      ])
    let histogram = Histogram(
      title: "p", horizontal: ChartAxis("p", range: 0...1),
      groups: [.init("p", values: [0.2, 0.8])])
    let sheet = ContactSheet(
      title: "Pairs",
      sections: [.init(rows: [.init(tiles: [.init([Image(width: 8, height: 16, red: 200)])])])])
    return HTMLReport(
      title: "Run of \(oddName)", subtitle: "runs/walk",
      keyFigures: [.init("images", "128", unit: "per second", note: "2 threads")],
      protocolText: "single query",
      sections: [
        .init(
          "Learning",
          blocks: [
            .text("a <b> c"), .figure(.init(.chart(chart), caption: "loss", lookFor: "a fall")),
            .figure(.init(.chart(histogram), caption: "scores")), .note("careful"),
            .figure(.init(try .sheet(sheet), caption: "\"pairs\" <x>")),
            .figure(.init(.png(try sheet.rendered().encodedPNG()), caption: "the same")),
            .table(TextTable(columns: [.init("k"), .init("v", .right)], rows: [["<i>", "1"]])),
            .code("a\n\tb < c"),
          ])
      ],
      command: "vision-pretrain '\(oddName)' # https://example.org", recipe: "seed: 1\n# <end>",
      skipped: [.init(path: oddName, reason: "not a video & <unreadable>")])
  }

  /// Every tag of a page with its attributes, quoted text taken apart.
  private static func tags(of html: String) throws -> [String] {
    let pattern = try Regex("<[a-zA-Z/!][^<>]*>")
    return html.matches(of: pattern).map { String(html[$0.range]) }
  }

  @Test func `nothing is loaded from elsewhere`() throws {
    let html = try Self.report().html()
    for tag in try Self.tags(of: html) {
      #expect(!tag.hasPrefix("<script") && !tag.hasPrefix("<link") && !tag.hasPrefix("<iframe"))
      #expect(!tag.contains("http:") && !tag.contains("https:"))
      #expect(!tag.contains(" on"), "\(tag.prefix(80))")
      if tag.contains("src=") { #expect(tag.contains("src=\"data:image/")) }
      if tag.contains("href=") { #expect(tag.contains("href=\"#")) }
    }
    #expect(!html.contains("url(") && !html.contains("@import"))
    #expect(html.contains("default-src 'none'"))
    #expect(html.components(separatedBy: "data:image/jpeg;base64,/9j/").count == 2)
    #expect(html.components(separatedBy: "data:image/png;base64,iVBOR").count == 2)
    #expect(html.components(separatedBy: "<svg ").count == 3)
  }

  @Test func `names are text and nothing else`() throws {
    let html = try Self.report().html()
    #expect(!html.contains("<img src=x"))
    #expect(!html.contains("\u{202E}"))
    #expect(
      html.contains(
        "videos/&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;\\u{A}\\u{202E}4pm.漢.mp4"))
    #expect(html.contains("not a video &amp; &lt;unreadable&gt;"))
    #expect(html.contains("a\n    b &lt; c"))
  }

  @Test func `every element is closed in order`() throws {
    let html = try Self.report().html()
    let empty: Set = ["meta", "img", "input", "rect", "line", "path", "circle"]
    var open: [String] = []
    for tag in try Self.tags(of: html) where !tag.hasPrefix("<!") {
      let name = String(
        tag.dropFirst(tag.hasPrefix("</") ? 2 : 1).prefix { $0.isLetter || $0.isNumber })
      if tag.hasPrefix("</") {
        #expect(open.popLast() == name)
      } else if !empty.contains(name) {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
  }

  @Test func `the contents lead to the parts`() throws {
    let html = try Self.report().html()
    for part in 1...3 {
      #expect(html.contains("href=\"#part-\(part)\""))
      #expect(html.contains("<section id=\"part-\(part)\">"))
    }
    #expect(!html.contains("#part-4"))
  }

  @Test func `an empty report is a page, and equal reports are equal bytes`() throws {
    let empty = HTMLReport(title: "Empty", skipped: [])
    #expect(empty.html().contains("None: every file could be used."))
    #expect(try Self.report().html() == Self.report().html())
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("report.html")
      try empty.write(to: url)
      #expect(try text(of: url) == empty.html())
      #expect(throws: ReportError.self) {
        try empty.write(to: folder.appendingPathComponent("no/report.html"))
      }
    }
  }
}
