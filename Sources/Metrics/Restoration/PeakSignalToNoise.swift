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

/// The same of values that were not rounded to 8 bits, RGB, with the range 0…1 stated and never guessed.
///
/// Published scripts for SIDD compare such values, Restormer's cut to the range, NAFNet's not.
/// **Shape**: `height · width · 3` values, row by row.
public func peakSignalToNoise(
  values: [Float], _ truth: Image, isCut: Bool, border: Int = 0
) -> Double {
  precondition(
    values.count == truth.pixels.count
      && min(truth.width, truth.height) > 2 * border,
    "peakSignalToNoise: \(values.count) values against \(truth.width)x\(truth.height), border \(border)"
  )
  var squares = 0.0
  for y in border..<(truth.height - border) {
    for place in (3 * (y * truth.width + border))..<(3 * ((y + 1) * truth.width - border)) {
      let value = isCut ? min(max(values[place], 0), 1) : values[place]
      let difference = Double(value) - Double(truth.pixels[place]) / 255
      squares += difference * difference
    }
  }
  let count = Double(3 * (truth.width - 2 * border) * (truth.height - 2 * border))
  return squares == 0 ? .infinity : 10 * log10(count / squares)
}
