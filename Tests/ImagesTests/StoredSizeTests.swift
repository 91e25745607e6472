import Foundation
import Images
import Testing

@Suite struct StoredSizeTests {
  @Test func `sizes are read from the beginning of a file`() throws {
    let image = Image(width: 300, height: 70, red: 9)
    for bytes in [try image.encodedPNG(), try image.encodedJPEG(quality: 80)] {
      let size = try #require(StoredSize(beginning: bytes))
      #expect(size.width == 300 && size.height == 70)
      #expect(StoredSize(beginning: Array(bytes.prefix(6))) == nil)
      let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: url) }
      try Data(bytes).write(to: url)
      #expect(StoredSize(contentsOf: url) == size)
    }
    #expect(StoredSize(beginning: Array("GIF89a".utf8)) == nil)
    #expect(StoredSize(contentsOf: URL(fileURLWithPath: "/nowhere")) == nil)
  }

  @Test func `a turned picture has no other size`() throws {
    let wide = try #require(
      StoredSize(beginning: try Image(width: 30, height: 20, red: 0).encodedPNG()))
    let high = try #require(
      StoredSize(beginning: try Image(width: 20, height: 30, red: 0).encodedPNG()))
    let other = try #require(
      StoredSize(beginning: try Image(width: 20, height: 31, red: 0).encodedPNG()))
    #expect(!wide.differs(from: high) && wide.differs(from: other))
  }
}
