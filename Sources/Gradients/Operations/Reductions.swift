import CKernels
import Tensors

extension Variable {
  /// Sum of all elements.
  ///
  /// **Shape**: any → `[]`.
  public func summed() -> Variable {
    let input = place
    return record(Tensor(Float(value.summed())), from: [self]) { gradient, tape in
      tape.accumulate(Tensor(repeating: gradient.scalar, shape: input.shape), into: input)
    }
  }

  /// Mean of all elements.
  ///
  /// **Shape**: any → `[]`.
  public func mean() -> Variable {
    summed() * (1 / Float(value.count))
  }

  /// Sum along the last axis.
  ///
  /// **Shape**: `[…, columns]` → `[…]`.
  public func summedAlongLastAxis() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = Tensor(shape: Array(shape.dropLast())) { target in
      value.withPointer { ck_sum_columns(target, $0, rows, columns, 1) }
    }
    let input = place
    return record(result, from: [self], as: .sumAlongLastAxis) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer { ck_broadcast_column(target, $0, rows, columns, 1) }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Mean over every axis between the first and the last: tokens of a sequence, pixels of a picture.
  ///
  /// **Shape**: `[batch, …, channels]` → `[batch, channels]`.
  public func meanOverPositions() -> Variable {
    precondition(shape.count >= 3, "meanOverPositions: needs [batch, …, channels], got \(shape)")
    let (batch, channels) = (shape[0], value.columns)
    let positions = value.count / max(batch * channels, 1)
    let extent = (Int64(batch), Int64(positions), Int64(channels))
    let result = Tensor(shape: [batch, channels]) { target in
      value.withPointer { ck_mean_rows(target, $0, extent.0, extent.1, extent.2) }
    }
    let input = place
    return record(result, from: [self], as: .meanOverPositions) { gradient, tape in
      let share = 1 / Float(positions)
      tape.add(to: input) { target, accumulates in
        gradient.withPointer {
          ck_add_group_row(target, $0, share, accumulates, extent.0, extent.1, extent.2)
        }
      }
    }
  }

  /// Replaces masked token lines by one learned line: `e · (1 − m) + t · m`.
  ///
  /// **Shape**: `[batch, tokens, channels]` with `mask[batch · tokens]` and a token of `channels`
  /// elements → the same shape.
  public func maskingTokens(_ mask: [Bool], with token: Variable) -> Variable {
    let channels = value.columns
    precondition(
      mask.count == value.rows && token.value.count == channels,
      "maskingTokens: \(mask.count) marks and token \(token.shape) for \(shape)")
    var result = value
    result.withMutablePointer { target in
      token.value.withPointer { line in
        for row in mask.indices where mask[row] {
          (target + row * channels).update(from: line, count: channels)
        }
      }
    }
    let input = place
    let tokenPlace = token.place
    return record(result, from: [self, token]) { gradient, tape in
      if tokenPlace.isTracked {
        var sum = [Double](repeating: 0, count: channels)
        gradient.withPointer { g in
          for row in mask.indices where mask[row] {
            for channel in 0..<channels { sum[channel] += Double(g[row * channels + channel]) }
          }
        }
        tape.accumulate(Tensor(sum.map { Float($0) }, shape: tokenPlace.shape), into: tokenPlace)
      }
      if input.isTracked {
        var inputGradient = gradient
        inputGradient.withMutablePointer { target in
          for row in mask.indices where mask[row] {
            (target + row * channels).update(repeating: 0, count: channels)
          }
        }
        tape.accumulate(inputGradient, into: input)
      }
    }
  }
}
