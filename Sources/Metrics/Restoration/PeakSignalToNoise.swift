public import Images

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `10 log10(255² / mean squared error)` of two 8-bit pictures in dB; infinite for equal ones.
///
/// The mean runs over all pixels and channels, without `border` pixels on each side.
public func peakSignalToNoise(
  _ picture: Image, _ truth: Image, channels: ColourChannels = .rgb, border: Int = 0
) -> Double {
  precondition(
    picture.width == truth.width && picture.height == truth.height,
    "peakSignalToNoise: \(picture.width)x\(picture.height) against \(truth.width)x\(truth.height)")
  let first = channels.planes(of: picture, border: border)
  let second = channels.planes(of: truth, border: border)
  var squares = 0.0
  for (a, b) in zip(first.values, second.values) {
    for (x, y) in zip(a, b) { squares += (x - y) * (x - y) }
  }
  let count = Double(first.values.count * first.width * first.height)
  return squares == 0 ? .infinity : 10 * log10(255 * 255 * count / squares)
}
