import CKernels
public import Tensors

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

/// Mean and biased variance per channel, one line per group.
public struct ChannelStatistics: Sendable {
  /// `[groups, channels]`.
  public let mean: Tensor
  /// `[groups, channels]`, divided by the number of elements.
  public let variance: Tensor

  /// Measures `input`, seen as `[groups, rows, channels]`.
  public init(of input: Tensor, groups: Int) {
    let channels = input.columns
    var mean = Tensor(uninitialized: [groups, channels])
    var variance = Tensor(uninitialized: [groups, channels])
    mean.withMutablePointer { m in
      variance.withMutablePointer { v in
        input.withPointer {
          ck_channel_statistics(
            m, v, $0, Int64(groups), Int64(input.rows / groups), Int64(channels))
        }
      }
    }
    self.mean = mean
    self.variance = variance
  }

  /// Wraps known statistics, for example running averages as one group.
  public init(mean: Tensor, variance: Tensor) {
    self.mean = mean
    self.variance = variance
  }
}

extension Variable {
  /// Per-channel normalisation with optional residual and ReLU in the same pass.
  ///
  /// `y = relu((x − mean) / √(variance + ε) · scale + shift + residual)`. With `fixed` statistics
  /// (evaluation) the gradient treats them as constants; otherwise they are measured over each group:
  /// one group is batch normalisation, one group per image is instance normalisation.
  /// **Shape**: `[batch, height, width, channels]` → the same.
  public func channelNormalized(
    scale: Variable, shift: Variable, epsilon: Float, groups: Int,
    fixed: ChannelStatistics? = nil, residual: Variable? = nil, rectifying: Bool = false,
    measured: ((ChannelStatistics) -> Void)? = nil
  ) -> Variable {
    let channels = value.columns
    let rows = value.rows / groups
    precondition(
      scale.value.count == channels && shift.value.count == channels
        && (residual.map { $0.shape == shape } ?? true),
      "channelNormalized: scale \(scale.shape), residual \(residual?.shape ?? []) for \(shape)")
    let statistics = fixed ?? ChannelStatistics(of: value, groups: groups)
    measured?(statistics)
    let mean = statistics.mean.values
    let inverse = statistics.variance.values.map { 1 / ($0 + epsilon).squareRoot() }
    let (scales, shifts) = (scale.value.values, shift.value.values)
    let factor = inverse.indices.map { inverse[$0] * scales[$0 % channels] }
    let offset = inverse.indices.map { shifts[$0 % channels] - mean[$0] * factor[$0] }
    let extent = (Int64(groups), Int64(rows), Int64(channels))
    let result = Tensor(shape: shape) { y in
      value.withPointer { x in
        let call = { (r: UnsafePointer<Float>?) in
          ck_channel_affine(y, x, factor, offset, r, rectifying, extent.0, extent.1, extent.2)
        }
        if let residual { residual.value.withPointer { call($0) } } else { call(nil) }
      }
    }
    let keptResult = rectifying ? result : nil
    let inputs = [self, scale, shift] + (residual.map { [$0] } ?? [])
    let residualPlace = residual?.place
    let (input, kept) = (place, value)
    let scalePlace = scale.place
    let shiftPlace = shift.place
    return record(
      result, from: inputs,
      as: .channelNormalization(
        epsilon: epsilon, groups: groups, fixed: fixed, hasResidual: residual != nil,
        isRectified: rectifying)
    ) { gradient, tape in
      var sums = Tensor(uninitialized: [groups * channels])
      var products = Tensor(uninitialized: [groups * channels])
      var masked = gradient
      let runSums = {
        (y: UnsafePointer<Float>?, target: UnsafeMutablePointer<Float>?) in
        sums.withMutablePointer { s in
          products.withMutablePointer { p in
            gradient.withPointer { dy in
              kept.withPointer { x in
                ck_channel_backward_sums(
                  s, p, target, dy, y, x, mean, inverse, extent.0, extent.1, extent.2)
              }
            }
          }
        }
      }
      if let keptResult {
        masked = Tensor(shape: input.shape) { target in
          keptResult.withPointer { runSums($0, target) }
        }
      } else {
        runSums(nil, nil)
      }
      if let residualPlace { tape.accumulate(masked, into: residualPlace) }
      let (sum, product) = (sums.values, products.values)
      if scalePlace.isTracked || shiftPlace.isTracked {
        var scaleGradient = [Float](repeating: 0, count: channels)
        var shiftGradient = scaleGradient
        for index in sum.indices {
          scaleGradient[index % channels] += product[index]
          shiftGradient[index % channels] += sum[index]
        }
        tape.accumulate(Tensor(scaleGradient, shape: scalePlace.shape), into: scalePlace)
        tape.accumulate(Tensor(shiftGradient, shape: shiftPlace.shape), into: shiftPlace)
      }
      guard input.isTracked else { return }
      // dx = factor (g − mean g − x̂ mean(g x̂)), written as a g + b x + c.
      var slope = [Float](repeating: 0, count: factor.count)
      var constant = slope
      if fixed == nil {
        for index in factor.indices {
          let (meanGradient, meanProduct) = (sum[index] / Float(rows), product[index] / Float(rows))
          slope[index] = -factor[index] * inverse[index] * meanProduct
          constant[index] =
            factor[index] * (mean[index] * inverse[index] * meanProduct - meanGradient)
        }
      }
      let inputGradient = Tensor(shape: input.shape) { dx in
        masked.withPointer { g in
          kept.withPointer {
            ck_channel_backward(
              dx, g, $0, factor, slope, constant, extent.0, extent.1, extent.2)
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
