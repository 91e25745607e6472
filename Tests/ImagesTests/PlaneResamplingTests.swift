import CMedia
import Images
import Testing

/// Pictures of one channel, which video is made of.
@Suite struct PlaneResamplingTests {
  private func plane(width: Int, height: Int) -> [UInt8] {
    var state: UInt64 = 11
    return (0..<(width * height)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40)
    }
  }

  private func resampled(
    _ plane: [UInt8], _ width: Int, _ height: Int, to columns: Int, _ rows: Int
  ) throws -> [UInt8] {
    let resampler = try #require(
      vision_resampler_make(
        1, Int32(width), Int32(height), 0, 0, Double(width), Double(height),
        Int32(VISION_FILTER_BILINEAR), Int32(columns), Int32(rows)))
    defer { vision_resampler_free(resampler) }
    var target = [UInt8](repeating: 0, count: columns * rows)
    // Twice, because working memory is kept.
    for _ in 0..<2 {
      vision_resampler_run(resampler, plane, width, &target, columns)
    }
    return target
  }

  @Test(arguments: [
    [64, 48, 32, 24], [37, 23, 20, 30], [37, 23, 16, 11], [15, 40, 7, 13], [100, 17, 33, 17],
    [5, 3, 2, 2], [70, 50, 70, 50], [1, 1, 4, 3],
  ])
  func `one channel is resampled as grey is`(sizes: [Int]) throws {
    let (width, height, columns, rows) = (sizes[0], sizes[1], sizes[2], sizes[3])
    let plane = plane(width: width, height: height)
    let grey = Image(width: width, height: height, pixels: plane.flatMap { [$0, $0, $0] })
    let expected = grey.resized(width: columns, height: rows, filter: .bilinear)
    #expect(
      try resampled(plane, width, height, to: columns, rows)
        == expected.pixels.enumerated().filter { $0.offset % 3 == 0 }.map(\.element))
  }

  @Test(arguments: [
    [64, 48], [2, 2], [4, 2], [2, 6], [34, 10], [96, 66], [130, 4], [1280, 20],
  ])
  func `halving is resampling to half the size`(sizes: [Int]) throws {
    let (width, height) = (sizes[0], sizes[1])
    let plane = plane(width: width, height: height)
    var halved = [UInt8](repeating: 0, count: width * height / 4)
    #expect(vision_halve(plane, width, Int32(width), Int32(height), &halved, width / 2) == 0)
    let expected = try resampled(plane, width, height, to: width / 2, height / 2)
    // Two roundings instead of one.
    #expect(zip(halved, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }
}
