import CKernels
import Tensors

extension Variable {
  /// Layer normalisation over the last axis with biased variance.
  ///
  /// **Shape**: `[…, channels]` with scale and shift `[channels]` → the same shape.
  public func layerNormalized(scale: Variable, shift: Variable, epsilon: Float) -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    precondition(
      scale.value.count == value.columns && shift.value.count == value.columns,
      "layerNormalized: scale \(scale.shape) and shift \(shift.shape) for \(shape)")
    var mean = Tensor(uninitialized: [value.rows])
    var inverse = Tensor(uninitialized: [value.rows])
    let result = Tensor(shape: shape) { y in
      mean.withMutablePointer { m in
        inverse.withMutablePointer { i in
          value.withPointer { x in
            scale.value.withPointer { s in
              shift.value.withPointer { ck_layer_norm(y, m, i, x, s, $0, rows, columns, epsilon) }
            }
          }
        }
      }
    }
    let (keptMean, keptInverse) = (mean, inverse)
    let (input, kept) = (place, value)
    let (scalePlace, scaleValue) = (scale.place, scale.value)
    let (shiftPlace, shiftValue) = (shift.place, shift.value)
    let output = record(
      result, from: [self, scale, shift], as: .layerNormalization(epsilon: epsilon)
    ) { gradient, tape in
      var scaleGradient = Tensor(uninitialized: scalePlace.shape)
      var shiftGradient = Tensor(uninitialized: shiftPlace.shape)
      let inputGradient = Tensor(shape: input.shape) { dx in
        scaleGradient.withMutablePointer { ds in
          shiftGradient.withMutablePointer { dt in
            gradient.withPointer { dy in
              kept.withPointer { x in
                keptMean.withPointer { m in
                  keptInverse.withPointer { i in
                    scaleValue.withPointer {
                      ck_layer_norm_backward(dx, ds, dt, dy, x, m, i, $0, rows, columns)
                    }
                  }
                }
              }
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
      tape.accumulate(scaleGradient, into: scalePlace)
      tape.accumulate(shiftGradient, into: shiftPlace)
    }
    return output.rebuilt {
      Tensor(shape: kept.shape) { y in
        kept.withPointer { x in
          keptMean.withPointer { m in
            keptInverse.withPointer { i in
              scaleValue.withPointer { s in
                shiftValue.withPointer { ck_layer_norm_again(y, x, m, i, s, $0, rows, columns) }
              }
            }
          }
        }
      }
    }
  }

  /// Divides every last-axis line by its Euclidean length, at least 1e-12.
  ///
  /// **Shape**: `[…, columns]` → the same.
  public func l2Normalized() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    var norm = Tensor(uninitialized: [value.rows])
    let result = Tensor(shape: shape) { y in
      norm.withMutablePointer { n in
        value.withPointer { ck_l2_normalize(y, n, $0, rows, columns, 1e-12) }
      }
    }
    let keptNorm = norm
    let input = place
    return record(result, from: [self], as: .l2Normalization) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { dx in
        gradient.withPointer { dy in
          result.withPointer { y in
            keptNorm.withPointer { ck_l2_normalize_backward(dx, dy, y, $0, rows, columns) }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
