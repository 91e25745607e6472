import CImageCodecs
import CMedia

extension Image {
  /// Makes a picture whose bytes a C function writes.
  init(width: Int, height: Int, filling: (UnsafeMutablePointer<UInt8>?) -> Void) {
    let count = width * height * 3
    self.init(
      width: width, height: height,
      pixels: [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filling(buffer.baseAddress)
        filled = count
      })
  }

  /// The picture in another size.
  ///
  /// `.bilinear` and `.bicubic` widen their kernel when the picture shrinks, so that every source
  /// pixel counts. Results equal Pillow's `Image.resize` byte for byte.
  ///
  /// - Parameters:
  ///   - width: The new columns, at least 1.
  ///   - height: The new rows, at least 1.
  ///   - filter: How to read between pixels.
  public func resized(width: Int, height: Int, filter: ResamplingFilter = .bilinear) -> Image {
    precondition(
      width > 0 && height > 0,
      "Image.resized: from \(self.width)×\(self.height) to \(width)×\(height)")
    if width == self.width, height == self.height { return self }
    switch filter {
    case .nearest:
      return pixels.withUnsafeBufferPointer { source in
        Image(width: width, height: height) { target in
          vision_resample_nearest(
            source.baseAddress, Int32(self.width), Int32(self.height), target, Int32(width),
            Int32(height))
        }
      }
    case .bilinear, .bicubic:
      return resampled(
        Rectangle(left: 0, top: 0, width: Double(self.width), height: Double(self.height)),
        width: width, height: height,
        kernel: filter == .bicubic ? VISION_FILTER_BICUBIC : VISION_FILTER_BILINEAR)
    }
  }

  /// The part of the picture in a box of any position, brought to a size.
  ///
  /// Antialiased bilinear; for a box inside the picture the result equals Pillow's
  /// `resize(size, BILINEAR, box=…)` byte for byte. Parts beyond the picture show its border.
  ///
  /// - Parameters:
  ///   - rectangle: A finite box with positive width and height, in pixels.
  ///   - width: The new columns, at least 1.
  ///   - height: The new rows, at least 1.
  public func resampled(_ rectangle: Rectangle, width: Int, height: Int) -> Image {
    resampled(rectangle, width: width, height: height, kernel: VISION_FILTER_BILINEAR)
  }

  private func resampled(_ rectangle: Rectangle, width: Int, height: Int, kernel: Int) -> Image {
    precondition(
      width > 0 && height > 0 && rectangle.width > 0 && rectangle.height > 0
        && rectangle.left.isFinite && rectangle.top.isFinite && rectangle.right.isFinite
        && rectangle.bottom.isFinite,
      "Image.resampled: from \(rectangle) of \(self.width)×\(self.height) to \(width)×\(height)")
    var status: Int32 = 0
    let result = pixels.withUnsafeBufferPointer { source in
      Image(width: width, height: height) { target in
        status = vision_resample(
          source.baseAddress, Int32(self.width), Int32(self.height), rectangle.left,
          rectangle.top, rectangle.right, rectangle.bottom, Int32(kernel), target, Int32(width),
          Int32(height))
      }
    }
    precondition(status == 0, "Image.resampled: no memory for \(width)×\(height)")
    return result
  }

  /// The pixels in a box.
  ///
  /// Left, top, right and bottom are rounded to whole pixels (halves to even, as Python rounds)
  /// and clipped to the picture. At least one pixel remains: the nearest one, if the box lies
  /// outside or is thinner than half a pixel.
  ///
  /// - Parameter rectangle: A finite box, in pixels.
  public func cropped(_ rectangle: Rectangle) -> Image {
    precondition(
      rectangle.left.isFinite && rectangle.top.isFinite && rectangle.right.isFinite
        && rectangle.bottom.isFinite, "Image.cropped: \(rectangle) of \(width)×\(height)")
    let columns = Self.range(rectangle.left, rectangle.right, limit: width)
    let rows = Self.range(rectangle.top, rectangle.bottom, limit: height)
    var cut: [UInt8] = []
    cut.reserveCapacity(columns.count * rows.count * 3)
    for row in rows {
      let start = row * width * 3
      cut.append(
        contentsOf: pixels[start + columns.lowerBound * 3..<start + columns.upperBound * 3])
    }
    return Image(width: columns.count, height: rows.count, pixels: cut)
  }

  private static func range(_ low: Double, _ high: Double, limit: Int) -> Range<Int> {
    let first = Int(min(max(low.rounded(.toNearestOrEven), 0), Double(limit - 1)))
    let end = Int(min(max(high.rounded(.toNearestOrEven), 0), Double(limit)))
    return first..<max(end, first + 1)
  }

  /// The mirror image: left and right exchanged.
  public func flippedHorizontally() -> Image { upright(from: 2) }

  /// The upright picture of one stored with an EXIF orientation, 1…8.
  func upright(from orientation: Int) -> Image {
    guard (2...8).contains(orientation) else { return self }
    let isTurned = orientation >= 5
    return pixels.withUnsafeBufferPointer { source in
      Image(width: isTurned ? height : width, height: isTurned ? width : height) { target in
        vision_orient(
          source.baseAddress, Int32(width), Int32(height), Int32(orientation), target)
      }
    }
  }
}
