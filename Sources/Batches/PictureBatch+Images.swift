public import Backbones
public import Images
public import Tensors

extension PictureBatch {
  /// Turns normalised network pictures back into 8-bit ones, cut to 0…255.
  ///
  /// **Shape**: `[n, height, width, 3]` → n pictures. `hidden` marks pixels to draw in mid-grey.
  public static func images(
    from tensor: Tensor, preprocessing: Preprocessing, hidden: [Bool]? = nil
  ) -> [Image] {
    precondition(
      tensor.rank == 4 && tensor.shape[3] == 3, "PictureBatch.images: shape \(tensor.shape)")
    let (count, height, width) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
    let plane = height * width
    return tensor.withPointer { values in
      (0..<count).map { index in
        var pixels = [UInt8](repeating: 128, count: plane * 3)
        for pixel in 0..<plane where hidden?[index * plane + pixel] != true {
          for channel in 0..<3 {
            let value =
              values[(index * plane + pixel) * 3 + channel] * preprocessing.deviation[channel]
              + preprocessing.mean[channel]
            pixels[pixel * 3 + channel] = UInt8(min(max(value * 255, 0), 255).rounded())
          }
        }
        return Image(width: width, height: height, pixels: pixels)
      }
    }
  }
}
