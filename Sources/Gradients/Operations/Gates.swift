import CKernels
import Tensors

extension Variable {
  /// The first half of the channels times the second half.
  ///
  /// **Shape**: `[…, 2 · channels]` → `[…, channels]`.
  /// **Source**: L. Chen et al., "Simple Baselines for Image Restoration", 2022, arXiv 2204.04676,
  /// section 3.3.
  public func gated() -> Variable {
    precondition(value.columns % 2 == 0, "gated: \(shape) has no two halves")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns / 2))
    let result = Tensor(shape: shape.dropLast() + [Int(columns)]) { y in
      value.withPointer { ck_gate(y, $0, rows, columns) }
    }
    let (input, kept) = (place, value)
    return record(result, from: [self], as: .gate) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { dx in
        gradient.withPointer { dy in
          kept.withPointer { ck_gate_backward(dx, dy, $0, rows, columns) }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Multiplies every line of a picture element-wise by the picture's own row.
  ///
  /// **Shape**: `[batch, …, channels]` with factors of `batch · channels` elements → the same.
  public func multipliedPerPicture(by factors: Variable) -> Variable {
    let batch = shape.first ?? 1
    precondition(
      shape.count >= 2 && factors.value.count == batch * value.columns,
      "multipliedPerPicture: factors \(factors.shape) for \(shape)")
    let (columns, rows) = (value.columns, value.rows / max(batch, 1))
    let extent = (Int64(batch), Int64(rows), Int64(columns))
    func multiplied(_ x: Tensor, _ factors: Tensor) -> Tensor {
      Tensor(shape: x.shape) { y in
        x.withPointer { x in
          factors.withPointer { ck_multiply_group_row(y, x, $0, extent.0, extent.1, extent.2) }
        }
      }
    }
    let (input, other) = (place, factors.place)
    let factorValue = factors.value
    let kept = kept
    let output = record(
      multiplied(value, factors.value), from: [self, factors], as: .multipliedPerPicture
    ) { gradient, tape in
      if input.isTracked { tape.accumulate(multiplied(gradient, factorValue), into: input) }
      guard other.isTracked else { return }
      let value = kept()
      let factorGradient = Tensor(shape: other.shape) { target in
        gradient.withPointer { g in
          value.withPointer { x in
            for image in 0..<batch {
              let offset = image * rows * columns
              ck_sum_product_rows(
                target + image * columns, g + offset, x + offset, extent.1, extent.2)
            }
          }
        }
      }
      tape.accumulate(factorGradient, into: other)
    }
    return output.rebuilt { multiplied(kept(), factorValue) }
  }

  /// Divides every last-axis line by its deviation, without subtracting its mean, and scales it.
  ///
  /// `y = x / √(variance + ε) · scale`, the variance biased and about the mean.
  /// **Shape**: `[…, channels]` with a scale of `channels` elements → the same.
  /// **Source**: S. W. Zamir et al., "Restormer", 2022, arXiv 2111.09881, the norm without bias.
  public func deviationNormalized(scale: Variable, epsilon: Float) -> Variable {
    precondition(
      scale.value.count == value.columns, "deviationNormalized: scale \(scale.shape) for \(shape)")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    var inverse = Tensor(uninitialized: [value.rows])
    let result = Tensor(shape: shape) { y in
      inverse.withMutablePointer { i in
        value.withPointer { x in
          scale.value.withPointer { ck_deviation_norm(y, i, x, $0, rows, columns, epsilon) }
        }
      }
    }
    let (input, kept, keptInverse) = (place, value, inverse)
    let (scalePlace, scaleValue) = (scale.place, scale.value)
    return record(result, from: [self, scale], as: .deviationNormalization(epsilon: epsilon)) {
      gradient, tape in
      if scalePlace.isTracked {
        let divided = Tensor(shape: kept.shape) { y in
          kept.withPointer { x in
            keptInverse.withPointer { ck_multiply_column(y, x, $0, rows, columns) }
          }
        }
        let scaleGradient = Tensor(shape: scalePlace.shape) { target in
          gradient.withPointer { g in
            divided.withPointer { ck_sum_product_rows(target, g, $0, rows, columns) }
          }
        }
        tape.accumulate(scaleGradient, into: scalePlace)
      }
      guard input.isTracked else { return }
      let inputGradient = Tensor(shape: input.shape) { dx in
        gradient.withPointer { dy in
          kept.withPointer { x in
            keptInverse.withPointer { i in
              scaleValue.withPointer {
                ck_deviation_norm_backward(dx, dy, x, i, $0, rows, columns)
              }
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
