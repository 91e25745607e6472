public import Images

/// How much fine detail a prepared picture holds, 0 none … 1 as much as a sharp photograph: a measure of
/// quality without a reference or weights.
///
/// `q = min(1, 2 · d₂ / d₈)` where `d_k` is the mean change when the picture is shrunk `k` times and
/// enlarged again. Enlarged low-resolution faces lose almost nothing at `k = 2`, whatever their contrast.
/// Noise counts as detail: judge denoised pictures.
public enum PictureDetail {
  /// Name of the measure, kept with adapters that were trained by it.
  public static let name = "detail"

  /// The quality of a picture.
  public static func quality(of image: Image) -> Float {
    let fine = change(of: image, by: 2)
    let coarse = change(of: image, by: 8)
    return coarse > 0 ? Float(min(1, 2 * fine / coarse)) : 0
  }

  private static func change(of image: Image, by factor: Int) -> Double {
    let shrunk = image.resized(
      width: max(1, image.width / factor), height: max(1, image.height / factor))
    let back = shrunk.resized(width: image.width, height: image.height)
    return image.pixels.withUnsafeBufferPointer { before in
      back.pixels.withUnsafeBufferPointer { after in
        var sum = 0
        for place in before.indices { sum += abs(Int(before[place]) - Int(after[place])) }
        return Double(sum) / Double(before.count)
      }
    }
  }
}
