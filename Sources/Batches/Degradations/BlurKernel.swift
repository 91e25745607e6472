public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An odd square of weights that sum to 1, to blur a picture with.
public struct BlurKernel: Sendable, Hashable {
  /// Side, odd.
  public let side: Int
  /// `side * side` weights, row by row.
  public let weights: [Float]

  /// Normalises weights.
  init(side: Int, raw: [Float]) {
    let sum = raw.reduce(0, +)
    self.side = side
    weights = raw.map { $0 / max(sum, 1e-12) }
  }

  /// A round Gaussian of deviation `sigma` in pixels, three deviations wide.
  public static func gaussian(sigma: Double) -> BlurKernel {
    let side = 2 * max(1, Int((3 * sigma).rounded(.up))) + 1
    return shaped(side: side, sigmas: (sigma, sigma), angle: 0) { exp(-$0 / 2) }
  }

  /// A line of `length` pixels at an angle in radians: what a moving camera draws.
  public static func line(length: Int, angle: Double) -> BlurKernel {
    let side = length | 1
    let half = Double(side / 2)
    var raw = [Float](repeating: 0, count: side * side)
    // Four points to a pixel, each shared by the four pixels around it.
    let points = 4 * length
    for point in 0..<points {
      let along = (Double(point) + 0.5) / Double(points) - 0.5
      let x = half + along * Double(length - 1) * cos(angle)
      let y = half + along * Double(length - 1) * sin(angle)
      let (left, top) = (Int(x), Int(y))
      let (right, down) = (Float(x - Double(left)), Float(y - Double(top)))
      for (row, column, weight) in [
        (top, left, (1 - down) * (1 - right)), (top, left + 1, (1 - down) * right),
        (top + 1, left, down * (1 - right)), (top + 1, left + 1, down * right),
      ] where row < side && column < side {
        raw[row * side + column] += weight
      }
    }
    return BlurKernel(side: side, raw: raw)
  }

  /// A round, stretched, peaked or flat kernel, as blind super-resolution draws them.
  ///
  /// Shares: round .45, stretched .25, generalised round .15, generalised stretched .03 and flat-topped
  /// the rest; side 7…21, deviations 0.2…3, exponents 0.5…4 and 1…2.
  /// **Source**: X. Wang et al., "Real-ESRGAN", 2021, arXiv 2107.10833, appendix; its configuration.
  public static func drawn(random: inout RandomStream) -> BlurKernel {
    let kind = random.uniform()
    let side = 7 + 2 * random.integer(below: 8)
    let first = Double(random.uniform(0.2...3))
    let isRound = kind < 0.45 || (0.7..<0.82).contains(kind) || (0.85..<0.97).contains(kind)
    let second = isRound ? first : Double(random.uniform(0.2...3))
    let angle = isRound ? 0 : Double(random.uniform(-Float.pi...Float.pi))
    let generalised = Double(random.uniform(0.5...4))
    let plateau = Double(random.uniform(1...2))
    return shaped(side: side, sigmas: (first, second), angle: angle) { square in
      switch kind {
      case ..<0.7: exp(-square / 2)
      case ..<0.85: exp(-pow(square, generalised) / 2)
      default: 1 / (pow(square, plateau) + 1)
      }
    }
  }

  /// Weights as a function of the squared distance measured in deviations.
  private static func shaped(
    side: Int, sigmas: (Double, Double), angle: Double, _ weight: (Double) -> Double
  ) -> BlurKernel {
    let half = side / 2
    var raw: [Float] = []
    for y in -half...half {
      for x in -half...half {
        let u = (Double(x) * cos(angle) + Double(y) * sin(angle)) / sigmas.0
        let v = (-Double(x) * sin(angle) + Double(y) * cos(angle)) / sigmas.1
        raw.append(Float(weight(u * u + v * v)))
      }
    }
    return BlurKernel(side: side, raw: raw)
  }
}

extension FloatPicture {
  /// Blurs by a kernel; outside the picture it is mirrored without repeating the edge.
  public func blurred(_ kernel: BlurKernel) -> FloatPicture {
    let half = kernel.side / 2
    func mirrored(_ place: Int, _ count: Int) -> Int {
      guard count > 1 else { return 0 }
      let period = 2 * (count - 1)
      let place = ((place % period) + period) % period
      return place < count ? place : period - place
    }
    let columns = (-half..<(width + half)).map { mirrored($0, width) * 3 }
    let rows = (-half..<(height + half)).map { mirrored($0, height) * width * 3 }
    // Weights that are nothing cost nothing: lines fill a small part of their square.
    let taps = kernel.weights.enumerated().filter { $0.element != 0 }
      .map { (row: $0.offset / kernel.side, column: $0.offset % kernel.side, weight: $0.element) }
    var result = self
    values.withUnsafeBufferPointer { source in
      result.values.withUnsafeMutableBufferPointer { target in
        for y in 0..<height {
          for x in 0..<width {
            var (r, g, b): (Float, Float, Float) = (0, 0, 0)
            for tap in taps {
              let place = rows[y + tap.row] + columns[x + tap.column]
              r += tap.weight * source[place]
              g += tap.weight * source[place + 1]
              b += tap.weight * source[place + 2]
            }
            let place = (y * width + x) * 3
            target[place] = r
            target[place + 1] = g
            target[place + 2] = b
          }
        }
      }
    }
    return result
  }
}
