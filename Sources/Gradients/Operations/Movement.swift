import CKernels
import Tensors

private func permuted(_ x: Tensor, _ axes: [Int]) -> Tensor {
  let extents = x.shape.map(Int64.init)
  return Tensor(shape: axes.map { x.shape[$0] }) { target in
    x.withPointer { ck_permute(target, $0, Int32(axes.count), extents, axes.map(Int32.init)) }
  }
}

extension Variable {
  /// The same elements under another shape.
  ///
  /// **Shape**: any → `newShape`, of the same count.
  public func reshaped(_ newShape: [Int]) -> Variable {
    let oldShape = shape
    let input = place
    return record(value.reshaped(newShape), from: [self], as: .reshape) { gradient, tape in
      tape.accumulate(gradient.reshaped(oldShape), into: input)
    }
  }

  /// Reorders the axes: axis `i` of the result is axis `axes[i]` of the input; at most 6 axes.
  public func permuted(_ axes: [Int]) -> Variable {
    precondition(
      axes.sorted() == Array(shape.indices) && shape.count <= 6,
      "permuted: \(axes) is no order of the axes of \(shape)")
    var inverse = axes
    for (target, source) in axes.enumerated() { inverse[source] = target }
    let input = place
    return record(Gradients.permuted(value, axes), from: [self], as: .permutation(axes)) {
      gradient, tape in
      tape.accumulate(Gradients.permuted(gradient, inverse), into: input)
    }
  }

  /// Positions `range` along one axis.
  ///
  /// **Shape**: `[…, length, …]` → `[…, range.count, …]`; the axis counts from 0.
  public func slice(_ range: Range<Int>, axis: Int) -> Variable {
    precondition(
      shape.indices.contains(axis) && range.lowerBound >= 0 && range.upperBound <= shape[axis],
      "slice: \(range) along axis \(axis) of \(shape)")
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let (line, width) = (shape[axis] * inner, range.count * inner)
    var resultShape = shape
    resultShape[axis] = range.count
    let result = Tensor(shape: resultShape) { target in
      value.withPointer {
        ck_copy_strided(
          target, Int64(width), $0 + range.lowerBound * inner, Int64(line), Int64(outer),
          Int64(width), false)
      }
    }
    let input = place
    return record(result, from: [self], as: .slice(range, axis: axis)) { gradient, tape in
      var inputGradient = Tensor(zeros: input.shape)
      inputGradient.withMutablePointer { target in
        gradient.withPointer {
          ck_copy_strided(
            target + range.lowerBound * inner, Int64(line), $0, Int64(width), Int64(outer),
            Int64(width), false)
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Joins variables along one axis; their other extents must agree.
  ///
  /// **Shape**: `[…, lengthᵢ, …]` of every part → `[…, Σ lengthᵢ, …]`.
  public static func concatenated(_ parts: [Variable], axis: Int) -> Variable {
    precondition(!parts.isEmpty, "concatenated: nothing to join")
    var resultShape = parts[0].shape
    resultShape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    for part in parts {
      var expected = resultShape
      expected[axis] = part.shape[axis]
      precondition(part.shape == expected, "concatenated: \(part.shape) beside \(parts[0].shape)")
    }
    let outer = resultShape[..<axis].reduce(1, *)
    let inner = resultShape[(axis + 1)...].reduce(1, *)
    let line = resultShape[axis] * inner
    var offsets: [Int] = []
    let result = Tensor(shape: resultShape) { target in
      var offset = 0
      for part in parts {
        let width = part.shape[axis] * inner
        part.value.withPointer {
          ck_copy_strided(
            target + offset, Int64(line), $0, Int64(width), Int64(outer), Int64(width), false)
        }
        offsets.append(offset)
        offset += width
      }
    }
    let (places, keptOffsets) = (parts.map(\.place), offsets)
    return record(result, from: parts, as: .concatenation(axis: axis)) { gradient, tape in
      for (part, offset) in zip(places, keptOffsets) where part.isTracked {
        let width = part.shape[axis] * inner
        let partGradient = Tensor(shape: part.shape) { target in
          gradient.withPointer {
            ck_copy_strided(
              target, Int64(width), $0 + offset, Int64(line), Int64(outer), Int64(width), false)
          }
        }
        tape.accumulate(partGradient, into: part)
      }
    }
  }

  /// Rows of the first axis by index; an index may repeat.
  ///
  /// **Shape**: `[rows, …]` with `count` indices → `[count, …]`. The gradient is scattered back.
  public func gathered(_ indices: [Int]) -> Variable {
    precondition(
      shape.count >= 1 && indices.allSatisfy { $0 >= 0 && $0 < shape[0] },
      "gathered: an index is outside the first axis of \(shape)")
    let narrow = indices.map(Int32.init)
    let line = Int64(shape[0] == 0 ? 0 : value.count / shape[0])
    let result = Tensor(shape: [indices.count] + shape.dropFirst()) { target in
      value.withPointer { ck_gather_rows(target, $0, narrow, Int64(narrow.count), line) }
    }
    let input = place
    return record(result, from: [self], as: .gathering(indices)) { gradient, tape in
      var inputGradient = Tensor(zeros: input.shape)
      inputGradient.withMutablePointer { target in
        gradient.withPointer { ck_scatter_add_rows(target, $0, narrow, Int64(narrow.count), line) }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Adds row `i` to row `indices[i]` of a zero tensor with `count` rows.
  ///
  /// **Shape**: `[rows, …]` → `[count, …]`. The gradient is gathered back.
  public func scattered(to indices: [Int], count: Int) -> Variable {
    precondition(
      indices.count == shape[0] && indices.allSatisfy { $0 >= 0 && $0 < count },
      "scattered: \(indices.count) indices below \(count) for \(shape)")
    let narrow = indices.map(Int32.init)
    let line = Int64(shape[0] == 0 ? 0 : value.count / shape[0])
    var result = Tensor(zeros: [count] + shape.dropFirst())
    result.withMutablePointer { target in
      value.withPointer { ck_scatter_add_rows(target, $0, narrow, Int64(narrow.count), line) }
    }
    let input = place
    return record(result, from: [self]) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer { ck_gather_rows(target, $0, narrow, Int64(narrow.count), line) }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Repeats a variable along a new first axis.
  ///
  /// **Shape**: `[…]` → `[count, …]`; the gradient is the sum over that axis.
  public func repeated(_ count: Int) -> Variable {
    let line = value.count
    let result = Tensor(shape: [count] + shape) { target in
      value.withPointer {
        for index in 0..<count { ck_copy(target + index * line, $0, Int64(line)) }
      }
    }
    let input = place
    return record(result, from: [self], as: .repetition(count)) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer { ck_sum_rows(target, $0, Int64(count), Int64(line), false) }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Cuts a picture into square patches, each flattened in (channel, row, column) order.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch, tokens, channels · patch²]`, tokens row
  /// by row; the order fits a convolution weight `[out, channels, patch, patch]`.
  public func patches(of patch: Int) -> Variable {
    precondition(
      shape.count == 4 && shape[1] % patch == 0 && shape[2] % patch == 0,
      "patches: \(shape) does not divide into patches of \(patch)")
    let extent = shape.map(Int64.init)
    let tokens = (shape[1] / patch) * (shape[2] / patch)
    let result = Tensor(shape: [shape[0], tokens, shape[3] * patch * patch]) { target in
      value.withPointer {
        ck_patches(target, $0, extent[0], extent[1], extent[2], extent[3], Int64(patch))
      }
    }
    let input = place
    return record(result, from: [self], as: .patches(patch)) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer {
          ck_patches_backward(target, $0, extent[0], extent[1], extent[2], extent[3], Int64(patch))
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Turns channels into pixels: `out[y·s+i, x·s+j, c] = in[y, x, c·s² + i·s + j]`.
  ///
  /// **Shape**: `[batch, height, width, channels · s²]` → `[batch, height · s, width · s, channels]`.
  public func pixelShuffled(_ factor: Int) -> Variable {
    precondition(
      shape.count == 4 && shape[3] % (factor * factor) == 0,
      "pixelShuffled: \(shape[3]) channels do not divide by \(factor)²")
    let (batch, height, width) = (shape[0], shape[1], shape[2])
    let channels = shape[3] / (factor * factor)
    return reshaped([batch, height, width, channels, factor, factor])
      .permuted([0, 1, 4, 2, 5, 3])
      .reshaped([batch, height * factor, width * factor, channels])
  }

  /// The inverse of ``pixelShuffled(_:)``.
  public func pixelUnshuffled(_ factor: Int) -> Variable {
    precondition(
      shape.count == 4 && shape[1] % factor == 0 && shape[2] % factor == 0,
      "pixelUnshuffled: \(shape) does not divide by \(factor)")
    let (batch, height, width) = (shape[0], shape[1] / factor, shape[2] / factor)
    return reshaped([batch, height, factor, width, factor, shape[3]])
      .permuted([0, 1, 3, 5, 2, 4])
      .reshaped([batch, height, width, shape[3] * factor * factor])
  }
}
