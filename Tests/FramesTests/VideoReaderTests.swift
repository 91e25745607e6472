import Foundation
import Frames
import Images
import Testing

struct VideoReaderTests {
  @Test func `delivers every frame in order with its time`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 40)
    let reader = try VideoReader(path: folder.file("clip.mp4"))
    let information = reader.information
    #expect(information.width == 96 && information.height == 64)
    #expect(information.framesPerSecond == 25)
    #expect(information.frameCountEstimate == 40)
    #expect(abs((information.durationSeconds ?? 0) - 1.6) < 1e-6)
    #expect(["h264", "mpeg4"].contains(information.codec))
    let frames = try reader.all()
    #expect(frames.map(\.index) == Clip.numbers(40))
    #expect(frames.map { Clip.number(of: $0.image) } == Clip.numbers(40))
    for frame in frames {
      #expect(abs(frame.seconds - Double(frame.index) / 25) < 1e-9)
      #expect(information.timeBase.seconds(of: frame.timestamp) == frame.seconds)
    }
    #expect(reader.health.decodedFrames == 40)
    #expect(reader.damagedPackets == 0 && !reader.isTruncated)
    #expect(try reader.next() == nil)
  }

  @Test(arguments: [1.0, 2, 5, 7.5, 10, 24, 25, 60])
  func `sampling takes the first frame at or after each grid point`(rate: Double) throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 75)
    let reader = try VideoReader(path: folder.file("clip.mp4"), samplingRate: rate)
    var expected: [Int] = []
    // In units of 1/600 second, where all times here are whole but those of 7.5 and 24 as well.
    var point = 0.0
    for index in 0..<75 where Double(index) / 25 >= point - 1e-6 {
      expected.append(index)
      while point <= Double(index) / 25 + 1e-6 { point += 1 / rate }
    }
    let frames = try reader.all()
    #expect(frames.map(\.index) == expected)
    #expect(frames.map { Clip.number(of: $0.image) } == expected)
    #expect(reader.health.decodedFrames == 75)
  }

  @Test func `times follow the stamps, and a gap is not followed by a burst`() throws {
    let folder = try Folder()
    let times = (0..<20).map { Int64($0 < 10 ? $0 : $0 + 100) }
    try Clip.write(folder.file("gap.mp4"), frames: 20, framesPerSecond: 10, times: times)
    let all = try VideoReader(path: folder.file("gap.mp4")).all()
    #expect(all.map { ($0.seconds * 10).rounded() } == times.map { Double($0) })
    let sampled = try VideoReader(path: folder.file("gap.mp4"), samplingRate: 2).all()
    #expect(sampled.map(\.index) == [0, 5, 10, 15])
  }

  @Test(arguments: [0, 90, 180, 270])
  func `rotation is applied`(rotation: Int) throws {
    let folder = try Folder()
    // Red left half, blue right half, green top left corner.
    var image = Image(width: 80, height: 48, red: 200, green: 0, blue: 0)
    for y in 0..<48 {
      for x in 0..<80 where x >= 40 || (x < 16 && y < 16) {
        let colour: [UInt8] = x >= 40 ? [0, 0, 200] : [0, 200, 0]
        for channel in 0..<3 { image.pixels[(y * 80 + x) * 3 + channel] = colour[channel] }
      }
    }
    let writer = try VideoWriter(
      path: folder.file("turned.mp4"), width: 80, height: 48, framesPerSecond: 10,
      rotation: rotation)
    for _ in 0..<3 { try writer.append(image) }
    try writer.finish()
    let reader = try VideoReader(path: folder.file("turned.mp4"))
    let upright = try #require(try reader.next()).image
    let size = rotation % 180 == 0 ? [80, 48] : [48, 80]
    #expect([upright.width, upright.height] == size)
    #expect([reader.information.width, reader.information.height] == size)
    func strongest(_ x: Int, _ y: Int) -> Int? {
      let place = (y * upright.width + x) * 3
      return (0..<3).max { upright.pixels[place + $0] < upright.pixels[place + $1] }
    }
    let right = size[0] - 5
    let bottom = size[1] - 5
    // A clockwise turn takes the top left corner to the top right, and so on.
    let corners = [[5, 5], [right, 5], [right, bottom], [5, bottom]]
    let colours = [1, 2, 2, 0]
    for (place, corner) in corners.enumerated() {
      let stored = (place + 4 - rotation / 90) % 4
      #expect(strongest(corner[0], corner[1]) == colours[stored])
    }
  }

  @Test func `sample aspect ratio and maximum height shape the frames`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("wide.mp4"), frames: 5, sampleAspectRatio: (4, 3))
    let wide = try VideoReader(path: folder.file("wide.mp4"))
    #expect(wide.information.width == 128 && wide.information.height == 64)
    #expect(try wide.all().allSatisfy { $0.image.width == 128 && $0.image.height == 64 })

    let small = try VideoReader(path: folder.file("wide.mp4"), maximumHeight: 30)
    #expect(small.information.width == 128 && small.information.height == 64)
    #expect(small.information.frameWidth == 60 && small.information.frameHeight == 30)
    let frames = try small.all()
    #expect(frames.allSatisfy { $0.image.width == 60 && $0.image.height == 30 })
    #expect(frames.map { Clip.number(of: $0.image) } == Clip.numbers(5))

    try Clip.write(
      folder.file("tall.mp4"), frames: 3, rotation: 90, sampleAspectRatio: (1, 2))
    let tall = try VideoReader(path: folder.file("tall.mp4"), maximumHeight: 24)
    #expect(tall.information.width == 64 && tall.information.height == 48)
    #expect(tall.information.frameWidth == 32 && tall.information.frameHeight == 24)
    #expect(try tall.all().count == 3)
  }

  @Test(arguments: [2, 6, 10, 18, 30, 34, 62, 66, 94, 98])
  func `every column of an odd width is converted`(width: Int) throws {
    let folder = try Folder()
    let writer = try VideoWriter(
      path: folder.file("narrow.avi"), width: width, height: 18, framesPerSecond: 10)
    try writer.append(Image(width: width, height: 18, red: 180, green: 90, blue: 40))
    try writer.finish()
    let frame = try #require(try VideoReader(path: folder.file("narrow.avi")).next())
    for place in 0..<(width * 18) {
      let pixel = frame.image.pixels[(place * 3)..<(place * 3 + 3)].map { Int($0) }
      #expect(zip(pixel, [180, 90, 40]).allSatisfy { abs($0 - $1) <= 8 }, "\(place): \(pixel)")
    }
  }

  @Test func `no more than a few frames are read ahead`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 60)
    let reader = try VideoReader(path: folder.file("clip.mp4"))
    #expect(reader.health.decodedFrames == 0)
    for taken in 1...10 {
      _ = try reader.next()
      // Three wait, and one is in the hands of the thread.
      #expect(reader.health.decodedFrames <= taken + 4)
    }
    Thread.sleep(forTimeInterval: 0.3)
    #expect(reader.health.decodedFrames == 14)
    #expect(try reader.all().count == 50)
  }

  @Test func `memory does not grow with the length`() throws {
    // Pages of this process, which only Linux tells in a file; elsewhere the test above must do.
    func megabytes() -> Double? {
      guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
        let pages = Double(text.split(separator: " ")[1])
      else { return nil }
      return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
    }
    let folder = try Folder()
    try Clip.write(folder.file("long.mp4"), frames: 400, width: 320, height: 240)
    let reader = try VideoReader(path: folder.file("long.mp4"))
    var before: Double?
    var count = 0
    while let frame = try reader.next() {
      count += 1
      if frame.index == 100 { before = megabytes() }
    }
    #expect(count == 400)
    // 300 frames of 230 kB would be 69 MB; tests beside this one take memory as well.
    if let before, let after = megabytes() { #expect(after - before < 50) }
  }

  @Test func `leaving early does not hang`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 60)
    let start = ContinuousClock.now
    for taken in 0..<20 {
      let reader = try VideoReader(
        path: folder.file("clip.mp4"), samplingRate: taken < 10 ? nil : 3)
      for _ in 0..<(taken % 5) { _ = try reader.next() }
    }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func `a reader may be handed to a task`() async throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 12)
    let reader = try VideoReader(path: folder.file("clip.mp4"))
    let count = try await Task.detached { try reader.all().count }.value
    #expect(count == 12)
  }
}
