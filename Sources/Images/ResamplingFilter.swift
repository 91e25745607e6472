/// How a picture is read between its pixels when its size changes.
public enum ResamplingFilter: String, Sendable, CaseIterable, Codable {
  /// The pixel under the centre of each new pixel.
  case nearest
  /// A triangle, as wide as the pixels that are merged.
  case bilinear
  /// The cubic convolution kernel with `a = -0.5`, as wide as the pixels that are merged.
  case bicubic
}
