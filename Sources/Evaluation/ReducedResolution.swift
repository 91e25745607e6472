import Images

extension Image {
  /// The picture as a camera further away would have given it: its mean over areas at `rows` rows, through
  /// a JPEG of quality 75, brought back to its size; itself where it has no more rows.
  func withReducedResolution(rows: Int) throws(ImageError) -> Image {
    precondition(rows > 0, "Image.withReducedResolution: \(rows) rows")
    guard rows < height else { return self }
    let columns = max(1, Int((Double(width * rows) / Double(height)).rounded()))
    let small = areaMean(width: columns, height: rows)
    let compressed = try Image(
      decoding: try small.encodedJPEG(quality: 75), name: "a reduced picture")
    return compressed.resized(width: width, height: height)
  }

  /// The mean over equal parts of the picture, whose borders may cut pixels.
  private func areaMean(width columns: Int, height rows: Int) -> Image {
    func shares(_ length: Int, _ parts: Int) -> [[(place: Int, share: Double)]] {
      let step = Double(length) / Double(parts)
      return (0..<parts).map { part in
        let (low, high) = (Double(part) * step, Double(part + 1) * step)
        return (Int(low)..<min(Int(high.rounded(.up)), length)).map { place in
          (place, (min(high, Double(place + 1)) - max(low, Double(place))) / step)
        }
      }
    }
    let (across, down) = (shares(width, columns), shares(height, rows))
    var result = [UInt8](repeating: 0, count: columns * rows * 3)
    pixels.withUnsafeBufferPointer { source in
      for (row, lines) in down.enumerated() {
        for (column, places) in across.enumerated() {
          var sum = SIMD3<Double>(repeating: 0)
          for (y, part) in lines {
            for (x, share) in places {
              let at = (y * width + x) * 3
              sum +=
                SIMD3(Double(source[at]), Double(source[at + 1]), Double(source[at + 2]))
                * (part * share)
            }
          }
          for channel in 0..<3 {
            result[(row * columns + column) * 3 + channel] = UInt8(min(sum[channel] + 0.5, 255))
          }
        }
      }
    }
    return Image(width: columns, height: rows, pixels: result)
  }
}
