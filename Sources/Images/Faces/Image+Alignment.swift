extension Image {
  /// The picture seen through a transform: `result(u) = picture(transform⁻¹ u)`.
  ///
  /// Bilinear between the centres of pixels, which lie at whole numbers; what lies beyond the picture is
  /// black. Equal to OpenCV's `warpAffine` up to its rounding of places to 1/32 pixel.
  public func warped(by transform: SimilarityTransform, width: Int, height: Int) -> Image {
    precondition(width > 0 && height > 0, "Image.warped: to \(width)×\(height)")
    let back = transform.inverse
    let (columns, rows) = (self.width, self.height)
    var result = [UInt8](repeating: 0, count: width * height * 3)
    pixels.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { target in
        for y in 0..<height {
          for x in 0..<width {
            let place = back.applied(to: SIMD2(Double(x), Double(y)))
            guard place.x > -1, place.y > -1, place.x < Double(columns), place.y < Double(rows)
            else { continue }
            let left = Int(place.x.rounded(.down))
            let top = Int(place.y.rounded(.down))
            let right = place.x - Double(left)
            let low = place.y - Double(top)
            var sum = SIMD3<Double>(repeating: 0)
            for (row, share) in [(top, 1 - low), (top + 1, low)]
            where row >= 0 && row < rows && share > 0 {
              for (column, part) in [(left, 1 - right), (left + 1, right)]
              where column >= 0 && column < columns && part > 0 {
                let at = (row * columns + column) * 3
                sum +=
                  SIMD3(Double(source[at]), Double(source[at + 1]), Double(source[at + 2]))
                  * (share * part)
              }
            }
            let at = (y * width + x) * 3
            for channel in 0..<3 { target[at + channel] = UInt8(min(sum[channel] + 0.5, 255)) }
          }
        }
      }
    }
    return Image(width: width, height: height, pixels: result)
  }

  /// The face upright in a picture of `size` × `size` pixels, its five points where
  /// ``FaceLandmarks/template(size:)`` has them; nil where the points fall together.
  public func aligned(by landmarks: FaceLandmarks, size: Int) -> Image? {
    SimilarityTransform(
      from: landmarks.points, to: FaceLandmarks.template(size: size).points
    ).map { warped(by: $0, width: size, height: size) }
  }

  /// The picture in the middle of a black square as wide as its longer side.
  public func paddedToSquare() -> Image {
    guard width != height else { return self }
    let size = max(width, height)
    let (left, top) = ((size - width) / 2, (size - height) / 2)
    var result = [UInt8](repeating: 0, count: size * size * 3)
    for row in 0..<height {
      let start = ((top + row) * size + left) * 3
      result.replaceSubrange(
        start..<(start + width * 3), with: pixels[(row * width * 3)..<((row + 1) * width * 3)])
    }
    return Image(width: size, height: size, pixels: result)
  }
}
