public import Backbones
import Gradients
public import Images
import Layers
public import Tensors

/// Restores pictures of any size: whole, or in overlapping tiles that blend into each other.
///
/// Tiles start every `side − overlap` pixels, the last one flush with the border. At inner edges the outer
/// quarter of the overlap, which sees the tile's border, counts nothing; then the weight rises linearly to
/// 1, and the sum is divided by the weights, so that no seam shows. For a network that sees no further
/// than a quarter of the overlap this equals restoring the whole picture; one that pools over the whole
/// picture sees the tile instead.
public struct TiledRestoration: Sendable {
  /// Side of a tile in pixels; 0 restores the picture whole.
  public var side: Int
  /// Pixels that neighbouring tiles share.
  public var overlap: Int
  /// Whether the mean over all eight ways to lay the picture is taken, at eight times the cost.
  public var averagesTurns: Bool

  /// Makes a way of restoring.
  public init(side: Int = 0, overlap: Int = 32, averagesTurns: Bool = false) {
    precondition(
      side == 0 || (side > overlap && overlap >= 0),
      "TiledRestoration: tiles of \(side) cannot share \(overlap)")
    self.side = side
    self.overlap = overlap
    self.averagesTurns = averagesTurns
  }

  /// The restored picture, cut to 0…255 and rounded.
  public func restored(_ image: Image, by network: any RestorationBackbone) -> Image {
    Self.image(of: restoredValues(image, by: network))
  }

  /// Restored values of a picture, not cut.
  ///
  /// **Shape**: → `[1, scale · height, scale · width, 3]`.
  public func restoredValues(_ image: Image, by network: any RestorationBackbone) -> Tensor {
    restored(
      Tensor(FloatValues.of(image), shape: [1, image.height, image.width, 3]), by: network)
  }

  /// Values 0…1 as a picture, cut to 0…255 and rounded.
  ///
  /// **Shape**: `[1, height, width, 3]`.
  public static func image(of output: Tensor) -> Image {
    Image(
      width: output.shape[2], height: output.shape[1],
      pixels: output.values.map { UInt8(min(max($0 * 255, 0), 255).rounded()) })
  }

  /// Restored values, not cut.
  ///
  /// **Shape**: `[1, height, width, 3]`, values 0…1 → `[1, scale · height, scale · width, 3]` with the
  /// network's scale.
  public func restored(_ input: Tensor, by network: any RestorationBackbone) -> Tensor {
    guard averagesTurns else { return tiled(input, by: network) }
    var sum = Tensor(zeros: Self.shape(of: input, scale: network.scale))
    for turn in SquareTurn.all {
      sum.add(turn.undone(on: tiled(turn.applied(to: input), by: network)))
    }
    return sum.scaled(by: 1 / Float(SquareTurn.all.count))
  }

  private func tiled(_ input: Tensor, by network: any RestorationBackbone) -> Tensor {
    let (height, width) = (input.shape[1], input.shape[2])
    guard side > 0, height > side || width > side else {
      return network.restored(Variable(input), in: .inference()).value
    }
    let (rows, columns) = (starts(height), starts(width))
    let (tileHeight, tileWidth) = (min(side, height), min(side, width))
    let scale = network.scale
    var sum = Tensor(zeros: Self.shape(of: input, scale: scale))
    var weights = [Float](repeating: 0, count: height * width * scale * scale)
    for top in rows {
      let down = ramp(start: top, length: tileHeight, total: height)
      for left in columns {
        let right = ramp(start: left, length: tileWidth, total: width)
        let tile = Self.part(
          of: input, left: left, top: top, width: tileWidth, height: tileHeight)
        let output = network.restored(Variable(tile), in: .inference()).value
        sum.withMutablePointer { sum in
          output.withPointer { output in
            for y in 0..<(scale * tileHeight) {
              for x in 0..<(scale * tileWidth) {
                let weight = down[y / scale] * right[x / scale]
                let place = (scale * top + y) * scale * width + scale * left + x
                weights[place] += weight
                for channel in 0..<3 {
                  sum[3 * place + channel] +=
                    weight * output[(y * scale * tileWidth + x) * 3 + channel]
                }
              }
            }
          }
        }
      }
    }
    sum.withMutablePointer { sum in
      for place in weights.indices {
        for channel in 0..<3 { sum[3 * place + channel] /= weights[place] }
      }
    }
    return sum
  }

  private static func shape(of input: Tensor, scale: Int) -> [Int] {
    [1, scale * input.shape[1], scale * input.shape[2], 3]
  }

  /// Where tiles begin along an axis.
  private func starts(_ total: Int) -> [Int] {
    guard total > side else { return [0] }
    return Array(stride(from: 0, to: total - side, by: side - overlap)) + [total - side]
  }

  /// Weights of a tile along an axis: rising over inner edges only.
  private func ramp(start: Int, length: Int, total: Int) -> [Float] {
    let unused = overlap / 4
    func weight(_ distance: Int) -> Float {
      min(max(Float(distance - unused) / Float(overlap - 2 * unused + 1), 0), 1)
    }
    return (0..<length).map { place in
      let left: Float = start > 0 ? weight(place + 1) : 1
      let right: Float = start + length < total ? weight(length - place) : 1
      return min(left, right)
    }
  }

  private static func part(
    of tensor: Tensor, left: Int, top: Int, width: Int, height: Int
  ) -> Tensor {
    let line = tensor.shape[2] * 3
    return Tensor(shape: [1, height, width, 3]) { target in
      tensor.withPointer { source in
        for y in 0..<height {
          let from = source + (top + y) * line + left * 3
          (target + y * width * 3).update(from: from, count: width * 3)
        }
      }
    }
  }
}

/// 8-bit pictures as values 0…1.
enum FloatValues {
  /// Values of a picture in its own order.
  static func of(_ image: Image) -> [Float] { image.pixels.map { Float($0) / 255 } }
}
