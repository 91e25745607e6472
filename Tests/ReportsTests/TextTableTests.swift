import Testing

@testable import Reports

@Suite struct TextTableTests {
  private static let table = TextTable(
    columns: [.init("model"), .init("mAP", .right), .init("Rank-1", .right)],
    rows: [["vit|tiny", "0.191", "41.0 %"], ["漢字", "0.066", "9.1 %"]],
    caption: "single query; same camera removed")

  @Test func `plain text is aligned`() {
    #expect(
      Self.table.plain() == """
        model       mAP  Rank-1
        ────────  ─────  ──────
        vit|tiny  0.191  41.0 %
        漢字      0.066   9.1 %
        single query; same camera removed
        """)
  }

  @Test func `Markdown is aligned and escaped`() {
    #expect(
      Self.table.markdown() == """
        | model     |   mAP | Rank-1 |
        | --------- | ----: | -----: |
        | vit\\|tiny | 0.191 | 41.0 % |
        | 漢字      | 0.066 |  9.1 % |

        single query; same camera removed
        """)
  }

  @Test func `a line break in a name keeps its row`() {
    var table = TextTable(columns: [.init("file")])
    table.append(["a\nb"])
    #expect(table.plain().split(separator: "\n").count == 3)
  }
}
