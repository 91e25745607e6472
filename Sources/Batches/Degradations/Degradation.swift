public import Images
public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One way a picture is spoiled, with its strength.
public enum Degradation: Sendable, Hashable {
  /// Gaussian noise of a deviation in 8-bit levels; the same in all channels when grey.
  case noise(sigma: Float, isGray: Bool)
  /// Photon noise, scaled.
  case photonNoise(scale: Float, isGray: Bool)
  /// JPEG of a quality, 1…100.
  case jpeg(quality: Int)
  /// Blur by a kernel.
  case blur(BlurKernel)
  /// Reduced by a factor and brought back to the original size.
  case resized(factor: Float, down: ResamplingFilter, up: ResamplingFilter)
  /// Bright streaks: share of drops, their length in pixels, angle from vertical in radians, strength.
  case rain(density: Float, length: Int, angle: Float, gain: Float)
  /// Haze: depth strength and the colour of the air.
  case haze(beta: Float, air: Float)
  /// Less light: factor and exponent.
  case lowLight(gain: Float, gamma: Float)

  /// Spoils a picture; values are cut to 0…1 afterwards.
  public func applied(to picture: FloatPicture, random: inout RandomStream) -> FloatPicture {
    var result = picture
    switch self {
    case .noise(let sigma, let isGray):
      Self.add(to: &result, isGray: isGray, random: &random) { sigma / 255 * $1.normal() }
    case .photonNoise(let scale, let isGray):
      // As many photon levels as the picture has grey levels, rounded up to a power of two.
      let levels = Set(picture.values.map { Int(($0 * 255).rounded()) }).count
      let peak = exp2(Float(levels).log2RoundedUp)
      Self.add(to: &result, isGray: isGray, random: &random) { value, random in
        scale * (Self.photons(expected: value * peak, random: &random) / peak - value)
      }
    case .jpeg(let quality):
      result = Self.compressed(picture, quality: quality)
    case .blur(let kernel):
      result = picture.blurred(kernel)
    case .resized(let factor, let down, let up):
      let small = picture.image.resized(
        width: max(1, Int((Float(picture.width) / factor).rounded())),
        height: max(1, Int((Float(picture.height) / factor).rounded())), filter: down)
      result = FloatPicture(
        small.resized(width: picture.width, height: picture.height, filter: up))
    case .rain(let density, let length, let angle, let gain):
      result = Self.rained(
        on: picture, density: density, length: length, angle: angle, gain: gain, random: &random)
    case .haze(let beta, let air):
      let depth = Self.field(width: picture.width, height: picture.height, random: &random)
      for place in depth.indices {
        let passed = exp(-beta * depth[place])
        for channel in 0..<3 {
          let index = 3 * place + channel
          result.values[index] = picture.values[index] * passed + air * (1 - passed)
        }
      }
    case .lowLight(let gain, let gamma):
      for index in result.values.indices {
        result.values[index] = pow(picture.values[index] * gain, gamma)
      }
    }
    result.clip()
    return result
  }

  private static func add(
    to picture: inout FloatPicture, isGray: Bool, random: inout RandomStream,
    _ noise: (Float, inout RandomStream) -> Float
  ) {
    for place in 0..<(picture.width * picture.height) {
      if isGray {
        let luma =
          0.299 * picture.values[3 * place] + 0.587 * picture.values[3 * place + 1]
          + 0.114 * picture.values[3 * place + 2]
        let value = noise(luma, &random)
        for channel in 0..<3 { picture.values[3 * place + channel] += value }
      } else {
        for channel in 0..<3 {
          picture.values[3 * place + channel] += noise(picture.values[3 * place + channel], &random)
        }
      }
    }
  }

  /// A Poisson count; above 50 by its normal approximation, which is within a per cent there.
  private static func photons(expected: Float, random: inout RandomStream) -> Float {
    guard expected < 50 else {
      return max((expected + expected.squareRoot() * random.normal()).rounded(), 0)
    }
    let limit = exp(-expected)
    var (count, product): (Float, Float) = (0, random.uniform())
    while product > limit {
      count += 1
      product *= random.uniform()
    }
    return count
  }

  private static func compressed(_ picture: FloatPicture, quality: Int) -> FloatPicture {
    let image = picture.image
    // Our own encoder's bytes decode unless a side is beyond what JPEG can hold.
    guard let bytes = try? image.encodedJPEG(quality: quality),
      let decoded = try? Image(decoding: bytes, name: "degraded picture")
    else { return FloatPicture(image) }
    return FloatPicture(decoded)
  }

  private static func rained(
    on picture: FloatPicture, density: Float, length: Int, angle: Float, gain: Float,
    random: inout RandomStream
  ) -> FloatPicture {
    var drops = FloatPicture(
      width: picture.width, height: picture.height,
      values: [Float](repeating: 0, count: picture.values.count))
    for place in 0..<(picture.width * picture.height) where random.uniform() < density {
      // A drop lights as many pixels as its streak is long; without the factor rain would be invisible.
      let light = random.uniform(0.3...1) * Float(length) * 0.5
      for channel in 0..<3 { drops.values[3 * place + channel] = light }
    }
    let streaks = drops.blurred(.line(length: length, angle: Double(Float.pi / 2 + angle)))
    var result = picture
    for index in result.values.indices {
      result.values[index] =
        1 - (1 - picture.values[index]) * (1 - min(gain * streaks.values[index], 1))
    }
    return result
  }

  /// A smooth random surface, 0…1: a coarse grid, interpolated.
  private static func field(width: Int, height: Int, random: inout RandomStream) -> [Float] {
    let side = 5
    let grid = (0..<(side * side)).map { _ in random.uniform() }
    var result: [Float] = []
    result.reserveCapacity(width * height)
    for y in 0..<height {
      let v = Float(y) / Float(max(height - 1, 1)) * Float(side - 1)
      let row = min(Int(v), side - 2)
      for x in 0..<width {
        let u = Float(x) / Float(max(width - 1, 1)) * Float(side - 1)
        let column = min(Int(u), side - 2)
        let (down, right) = (v - Float(row), u - Float(column))
        let top = grid[row * side + column] * (1 - right) + grid[row * side + column + 1] * right
        let low =
          grid[(row + 1) * side + column] * (1 - right) + grid[(row + 1) * side + column + 1]
          * right
        result.append(top * (1 - down) + low * down)
      }
    }
    return result
  }
}

extension Float {
  /// The smallest whole exponent of 2 that reaches the number.
  fileprivate var log2RoundedUp: Float { log2(self).rounded(.up) }
}
