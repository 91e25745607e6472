import Foundation
import Images
import Testing

@testable import Reports

@Suite struct ContactSheetTests {
  private static func crop(_ shade: UInt8) -> Image {
    Image(width: 32, height: 64, red: shade, green: shade, blue: shade)
  }

  private static func drawn(_ text: String) -> [UInt8] {
    var canvas = Canvas(width: 120, height: 20)
    BitmapFont(advance: 12).draw(text, x: 0, y: 0, colour: .ink, on: &canvas)
    return canvas.image.pixels
  }

  @Test func `every printable character has its own letter`() {
    let drawings = (0x20..<0x7F).map { code in
      Self.drawn(String(UnicodeScalar(UInt8(code))))
    }
    #expect(Set(drawings).count == 95)
    #expect(Set(drawings.dropFirst()).allSatisfy { $0.contains { $0 < 128 } })
  }

  @Test func `foreign characters fall back`() {
    #expect(BitmapFont.drawable("é…×–") == ["e", ".", ".", ".", "x", "-"])
    #expect(Self.drawn("漢") == Self.drawn("字"))
    #expect(Self.drawn("漢") != Self.drawn(" "))
    #expect(BitmapFont(advance: 10).fitted("abcdefgh", width: 60) == "abcd..")
  }

  @Test func `frames have their colours`() {
    for (frame, colour) in [
      (ContactSheet.Frame.green, Canvas.Colour.green), (.red, .red), (.grey, .grey),
      (.none, .white),
    ] {
      let sheet = ContactSheet(
        title: "", sections: [.init(rows: [.init(tiles: [.init([Self.crop(0)], frame: frame)])])],
        tileWidth: 32, tileHeight: 64)
      let image = sheet.rendered()
      // One pixel left of the tile, which stands inside the margin of 20 and the frame of 4.
      let index = ((image.height / 2) * image.width + 22) * 3
      #expect(Array(image.pixels[index..<index + 3]) == [colour.red, colour.green, colour.blue])
    }
  }

  @Test func `tiles wrap at the width and pictures keep their aspect`() {
    let tiles = (0..<20).map { ContactSheet.Tile([Self.crop(UInt8($0 * 10))], caption: ["\($0)"]) }
    var sheet = ContactSheet(
      title: "t", sections: [.init(heading: "h", rows: [.init(title: "r", tiles: tiles)])],
      tileWidth: 64, tileHeight: 64, maximumWidth: 500)
    let wrapped = sheet.rendered()
    #expect(wrapped.width <= 500)
    sheet.maximumWidth = 5000
    let long = sheet.rendered()
    #expect(long.height < wrapped.height)
    // A 32×64 crop in a 64×64 tile leaves 16 empty columns at each side.
    let row = long.height - 60
    let edge = (row * long.width + 24 + 4) * 3
    #expect(long.pixels[edge] == Canvas.Colour.empty.red)
  }

  @Test func `empty sheets are drawn too`() {
    #expect(ContactSheet(title: "").rendered().width >= 64)
    #expect(ContactSheet.minedPairs([]).sections.first?.heading == "No pairs were mined.")
    _ = ContactSheet.rankedRetrieval([]).rendered()
    _ = ContactSheet(
      title: "x", sections: [.init(rows: [.init(tiles: []), .init(tiles: [.init([])])])]
    ).rendered()
  }

  @Test func `mined pairs are sorted by reliability`() {
    let pairs = [0.2, 0.9, 0.5].map { reliability in
      PairPicture(
        first: Self.crop(1), second: Self.crop(2), reliability: reliability, secondsApart: 1.25,
        isCorrect: reliability > 0.4)
    }
    let tiles = ContactSheet.minedPairs(pairs).sections.flatMap { $0.rows.flatMap(\.tiles) }
    #expect(
      tiles.map { $0.caption[0] } == [
        "p 0.90  gap 1.2 s", "p 0.50  gap 1.2 s", "p 0.20  gap 1.2 s",
      ])
    #expect(tiles.map(\.frame) == [.green, .green, .red])
  }

  @Test func `many mined pairs show top, middle and end`() {
    let pairs = (0..<100).map { index in
      PairPicture(
        first: Self.crop(1), second: Self.crop(2), reliability: Double(index) / 100,
        secondsApart: 1)
    }
    let sheet = ContactSheet.minedPairs(pairs, limit: 12)
    #expect(sheet.sections.map { $0.rows.flatMap(\.tiles).count } == [4, 4, 4])
    #expect(sheet.sections[0].rows[0].tiles[0].caption[0].hasPrefix("p 0.99"))
    #expect(sheet.sections[1].rows[0].tiles[0].caption[0].hasPrefix("p 0.51"))
    #expect(sheet.sections[2].rows[0].tiles[3].caption[0].hasPrefix("p 0.00"))
  }

  @Test func `ranked retrieval puts the hardest first and ranks only what counts`() {
    func query(_ precision: Double) -> RankedQuery {
      RankedQuery(
        query: Self.crop(0), averagePrecision: precision,
        hits: [
          .init(image: Self.crop(1), distance: 0.1, verdict: .notCounted),
          .init(image: Self.crop(2), distance: 0.2, verdict: .wrong, source: "camera 2"),
          .init(image: Self.crop(3), distance: 0.3, verdict: .correct),
        ])
    }
    let sheet = ContactSheet.rankedRetrieval([query(0.9), query(0.1), query(0.5)], limit: 2)
    let rows = sheet.sections[0].rows
    #expect(rows.map(\.title) == ["AP 0.100", "AP 0.500"])
    let hits = rows[0].tiles.dropFirst()
    #expect(hits.map { $0.caption[0] } == ["-  0.100", "1  0.200", "2  0.300"])
    #expect(hits.map(\.frame) == [.grey, .red, .green])
    #expect(hits.map(\.isDimmed) == [true, false, false])
    _ = sheet.rendered()
  }

  @Test func `neighbours and reconstructions are drawn`() throws {
    let neighbours = ContactSheet.nearestNeighbours(
      [
        Neighbourhood(
          anchor: Self.crop(3),
          neighbours: [.init(image: Self.crop(4), similarity: 0.93, isCorrect: true)])
      ], heading: "epoch 3")
    #expect(neighbours.sections[0].rows[0].tiles[1].caption[0] == "cos 0.930")
    #expect(neighbours.sections[0].rows[0].tiles[1].frame == .green)
    let triples = ContactSheet.reconstructions([
      Reconstruction(
        masked: Self.crop(0), reconstructed: Self.crop(9), truth: Self.crop(8), error: 0.25)
    ])
    #expect(triples.sections[0].rows[0].tiles[0].images.count == 3)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("sheet.png")
      try triples.write(to: url)
      #expect(try Image(contentsOf: url) == triples.rendered())
      #expect(throws: ReportError.self) {
        try triples.write(to: folder.appendingPathComponent("no/sheet.png"))
      }
    }
  }
}
