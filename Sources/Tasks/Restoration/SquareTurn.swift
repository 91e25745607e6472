public import Images
public import Tensors

/// One of the eight ways to lay a square: mirrored along each side, and with rows and columns exchanged.
public struct SquareTurn: Sendable, Hashable {
  /// Whether left and right are exchanged, first.
  public var flipsColumns: Bool
  /// Whether top and bottom are exchanged, second.
  public var flipsRows: Bool
  /// Whether rows become columns, last.
  public var transposes: Bool

  /// Makes a turn.
  public init(flipsColumns: Bool, flipsRows: Bool, transposes: Bool) {
    self.flipsColumns = flipsColumns
    self.flipsRows = flipsRows
    self.transposes = transposes
  }

  /// All eight, the plain one first.
  public static let all: [SquareTurn] = [false, true].flatMap { columns in
    [false, true].flatMap { rows in
      [false, true].map {
        SquareTurn(flipsColumns: columns, flipsRows: rows, transposes: $0)
      }
    }
  }

  /// Where pixel (x, y) of the result comes from in a picture of `width` by `height`.
  private func source(_ x: Int, _ y: Int, width: Int, height: Int) -> (x: Int, y: Int) {
    let (u, v) = transposes ? (y, x) : (x, y)
    return (flipsColumns ? width - 1 - u : u, flipsRows ? height - 1 - v : v)
  }

  /// The picture, turned.
  public func applied(to image: Image) -> Image {
    let (width, height) = transposes ? (image.height, image.width) : (image.width, image.height)
    var pixels = [UInt8](repeating: 0, count: image.pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        let from = source(x, y, width: image.width, height: image.height)
        for channel in 0..<3 {
          pixels[(y * width + x) * 3 + channel] =
            image.pixels[(from.y * image.width + from.x) * 3 + channel]
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// Values of the same kind, turned.
  ///
  /// **Shape**: `[1, height, width, 3]` → `[1, height, width, 3]`, sides exchanged where it transposes.
  public func applied(to tensor: Tensor) -> Tensor {
    let (height, width) = (tensor.shape[1], tensor.shape[2])
    let (outHeight, outWidth) = transposes ? (width, height) : (height, width)
    return Tensor(shape: [1, outHeight, outWidth, 3]) { target in
      tensor.withPointer { values in
        for y in 0..<outHeight {
          for x in 0..<outWidth {
            let from = source(x, y, width: width, height: height)
            for channel in 0..<3 {
              target[(y * outWidth + x) * 3 + channel] =
                values[(from.y * width + from.x) * 3 + channel]
            }
          }
        }
      }
    }
  }

  /// Values that were turned, laid back.
  public func undone(on tensor: Tensor) -> Tensor {
    let (height, width) = (tensor.shape[1], tensor.shape[2])
    let (outHeight, outWidth) = transposes ? (width, height) : (height, width)
    return Tensor(shape: [1, outHeight, outWidth, 3]) { target in
      tensor.withPointer { values in
        for y in 0..<height {
          for x in 0..<width {
            let to = source(x, y, width: outWidth, height: outHeight)
            for channel in 0..<3 {
              target[(to.y * outWidth + to.x) * 3 + channel] =
                values[(y * width + x) * 3 + channel]
            }
          }
        }
      }
    }
  }
}
