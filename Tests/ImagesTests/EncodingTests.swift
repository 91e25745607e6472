import Foundation
import Images
import Testing

@Suite struct EncodingTests {
  @Test func `PNG loses nothing`() throws {
    let source = try Goldens.load().sourceImage
    #expect(try Image(decoding: source.encodedPNG(), name: "memory") == source)
    let dot = Image(width: 1, height: 1, red: 3, green: 2, blue: 1)
    #expect(try Image(decoding: dot.encodedPNG(), name: "memory") == dot)
  }

  @Test func `JPEG loses more at a lower quality`() throws {
    let source = gradient(width: 120, height: 90)
    var sizes: [Int] = []
    var losses: [Double] = []
    for quality in [100, 95, 50, 1] {
      let bytes = try source.encodedJPEG(quality: quality)
      let image = try Image(decoding: bytes, name: "memory")
      sizes.append(bytes.count)
      losses.append(difference(image.pixels, Data(source.pixels)).mean)
    }
    #expect(sizes == sizes.sorted(by: >))
    #expect(losses == losses.sorted())
    #expect(losses[1] < 2)
  }

  @Test func `noise that grows when compressed still encodes`() throws {
    var random = SplitMix(seed: 9)
    var noise = Image(width: 201, height: 133)
    for index in noise.pixels.indices {
      noise.pixels[index] = UInt8(truncatingIfNeeded: random.next())
    }
    #expect(try Image(decoding: noise.encodedPNG(), name: "memory") == noise)
    let jpeg = try Image(decoding: noise.encodedJPEG(quality: 100), name: "memory")
    #expect(jpeg.width == 201 && jpeg.height == 133)
  }

  @Test func `a picture too wide for JPEG is an error`() {
    let wide = Image(width: 70_000, height: 1)
    let error = #expect(throws: ImageError.self) { try wide.encodedJPEG() }
    #expect(error?.description.contains("70000×1") == true)
    #expect(error?.description.contains("65500") == true)
  }

  @Test(arguments: ["a.jpg", "a.JPEG", "a.png", "a.PNG"])
  func `writes by extension and leaves nothing else`(name: String) throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent(name)
    let image = gradient(width: 24, height: 16)
    try Image(width: 2, height: 2).write(to: url)
    try image.write(to: url)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [name])
    let back = try Image(contentsOf: url)
    #expect(difference(back.pixels, Data(image.pixels)).mean < 3)
    let isPNG = try Data(contentsOf: url).starts(with: [0x89, 0x50])
    #expect(isPNG == name.lowercased().hasSuffix("png"))
  }

  @Test func `what cannot be written says why`() throws {
    let folder = try TemporaryFolder()
    let image = Image(width: 2, height: 2)
    let tiff = folder.url.appendingPathComponent("a.tiff")
    #expect(throws: ImageError.unknownExtension(path: tiff.path)) { try image.write(to: tiff) }
    let nowhere = folder.url.appendingPathComponent("no such folder/a.png")
    #expect(throws: ImageError.unwritable(path: nowhere.path, reason: "No such file or directory"))
    {
      try image.write(to: nowhere)
    }
    let taken = folder.url.appendingPathComponent("folder.png")
    try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: false)
    #expect(throws: ImageError.unwritable(path: taken.path, reason: "Is a directory")) {
      try image.write(to: taken)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["folder.png"])
  }
}
