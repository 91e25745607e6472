import CKernels
import Tensors

/// What stands outside a picture that is enlarged.
public enum BorderMode: Sendable, Hashable {
  /// Zeros.
  case zeros
  /// The picture mirrored at its edge pixels, which are not repeated.
  case reflecting
  /// The edge pixels.
  case replicating
}

/// Places of the input for every place of an enlarged axis; −1 is a zero.
private func sources(_ count: Int, before: Int, after: Int, _ mode: BorderMode) -> [Int32] {
  (-before..<count + after).map { place in
    if (0..<count).contains(place) { return Int32(place) }
    switch mode {
    case .zeros: return -1
    case .reflecting: return Int32(place < 0 ? -place : 2 * (count - 1) - place)
    case .replicating: return Int32(place < 0 ? 0 : count - 1)
    }
  }
}

extension Variable {
  /// Adds rows and columns around pictures.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch, top + height + bottom, left + width +
  /// right, channels]`. Reflecting needs borders smaller than the picture.
  public func padded(
    top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0, mode: BorderMode = .zeros
  ) -> Variable {
    let sides = [top, bottom, left, right]
    precondition(
      shape.count == 4 && sides.allSatisfy { $0 >= 0 }
        && (mode != .reflecting || max(top, bottom) < shape[1] && max(left, right) < shape[2])
        && (mode != .replicating || shape[1] > 0 && shape[2] > 0),
      "padded: borders \(sides) around \(shape)")
    guard sides != [0, 0, 0, 0] else { return self }
    let rows = sources(shape[1], before: top, after: bottom, mode)
    let columns = sources(shape[2], before: left, after: right, mode)
    let extents = shape.map(Int64.init) + [Int64(rows.count), Int64(columns.count)]
    let result = Tensor(shape: [shape[0], rows.count, columns.count, shape[3]]) { y in
      value.withPointer {
        ck_pad(
          y, $0, extents[0], extents[1], extents[2], extents[3], extents[4], extents[5], rows,
          columns)
      }
    }
    let input = place
    return record(
      result, from: [self],
      as: .padding(top: top, bottom: bottom, left: left, right: right, mode: mode)
    ) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { dx in
        gradient.withPointer {
          ck_pad_backward(
            dx, $0, extents[0], extents[1], extents[2], extents[3], extents[4], extents[5], rows,
            columns)
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// The top left part of pictures.
  ///
  /// **Shape**: `[batch, …, …, channels]` → `[batch, height, width, channels]`.
  public func cropped(height: Int, width: Int) -> Variable {
    var result = self
    if shape[1] != height { result = result.slice(0..<height, axis: 1) }
    if shape[2] != width { result = result.slice(0..<width, axis: 2) }
    return result
  }

  /// Mean of the window around each pixel.
  ///
  /// The means of windows inside the picture; where a window would leave it, the nearest of them. A
  /// window larger than an axis covers the whole axis.
  /// **Shape**: `[batch, height, width, channels]` → the same.
  /// **Source**: X. Chu et al., "Improving Image Restoration by Revisiting Global Information
  /// Aggregation", 2022, arXiv 2112.04491.
  public func locallyAveraged(height: Int, width: Int) -> Variable {
    precondition(
      shape.count == 4 && height > 0 && width > 0,
      "locallyAveraged: windows of \(height)×\(width) over \(shape)")
    let extents = shape.map(Int64.init)
    let window = (min(Int64(height), extents[1]), min(Int64(width), extents[2]))
    func averaged(_ x: Tensor, transposed: Bool) -> Tensor {
      let across = Tensor(shape: x.shape) { y in
        x.withPointer {
          ck_local_mean(
            y, $0, extents[0] * extents[1], extents[2], extents[3], window.1, transposed)
        }
      }
      return Tensor(shape: x.shape) { y in
        across.withPointer {
          ck_local_mean(
            y, $0, extents[0], extents[1], extents[2] * extents[3], window.0, transposed)
        }
      }
    }
    let input = place
    return record(
      averaged(value, transposed: false), from: [self], as: .localMean(height: height, width: width)
    ) { gradient, tape in
      tape.accumulate(averaged(gradient, transposed: true), into: input)
    }
  }
}
