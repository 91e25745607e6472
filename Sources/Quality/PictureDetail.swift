public import Images

/// How much fine detail a prepared picture holds, 0 none … 1 more than most photographs: a measure of
/// quality without a reference or weights.
///
/// `q = min(1, 2.5 · d / c)` where `d` is the mean change when the picture is halved and enlarged again, and
/// `c` its contrast, the mean distance of its values from their mean. Enlarged low-resolution faces lose
/// almost nothing by halving, whatever their contrast. Noise counts as detail: judge denoised pictures.
public struct PictureDetail: QualityMetric, Sendable, Hashable {
  /// Name in files.
  public static let name = "detail"

  /// There is nothing to set.
  public init() {}

  /// Name in files.
  public var name: String { Self.name }

  /// Measures each picture by itself.
  public func quality(of pictures: [Image]) -> [Float] { pictures.map(Self.quality(of:)) }

  /// The quality of a picture.
  public static func quality(of image: Image) -> Float {
    let contrast = contrast(of: image)
    return contrast > 0 ? Float(min(1, 2.5 * changeByHalving(image) / contrast)) : 0
  }

  private static func changeByHalving(_ image: Image) -> Double {
    let half = image.resized(width: max(1, image.width / 2), height: max(1, image.height / 2))
    let back = half.resized(width: image.width, height: image.height)
    return image.pixels.withUnsafeBufferPointer { before in
      back.pixels.withUnsafeBufferPointer { after in
        var sum = 0
        for place in before.indices { sum += abs(Int(before[place]) - Int(after[place])) }
        return Double(sum) / Double(before.count)
      }
    }
  }

  private static func contrast(of image: Image) -> Double {
    image.pixels.withUnsafeBufferPointer { pixels in
      let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count)
      return pixels.reduce(0) { $0 + abs(Double($1) - mean) } / Double(pixels.count)
    }
  }
}
