import CKernels
import Tensors

/// How the channels of one normalisation are mapped, and the way back.
struct ChannelMap {
  /// Sums of the gradient that has passed what follows the normalisation.
  struct Sums {
    /// `[groups, channels]`.
    var plain: Tensor
    /// The gradient times the normalised values, `[groups, channels]`.
    var products: Tensor
    /// Gradient of the slopes, `[channels]`.
    var slopes: Tensor?
    /// The gradient itself, where a rectifier follows a residual.
    var masked: Tensor?

    /// The sum over the groups, `[channels]`.
    func overGroups(_ sums: Tensor) -> Tensor {
      guard sums.rows > 1 else { return sums }
      return Tensor(shape: [sums.columns]) { target in
        sums.withPointer {
          ck_sum_rows(target, $0, Int64(sums.rows), Int64(sums.columns), false)
        }
      }
    }
  }

  private let mean: Tensor
  private var inverse: Tensor
  private var factor: Tensor
  private var offset: Tensor
  private let slope: Tensor?
  private let rectifies: Bool
  private let groups: Int
  private let rows: Int

  init(
    _ statistics: ChannelStatistics, scale: Tensor, shift: Tensor, slope: Tensor?, rectifies: Bool,
    epsilon: Float, groups: Int, rows: Int
  ) {
    let channels = scale.count
    let lines = statistics.mean.count / channels
    mean = statistics.mean
    self.slope = slope
    self.rectifies = rectifies
    // Running averages are one line for all pictures.
    self.groups = lines
    self.rows = rows * groups / lines
    inverse = Tensor(uninitialized: [lines, channels])
    factor = Tensor(uninitialized: [lines, channels])
    offset = Tensor(uninitialized: [lines, channels])
    inverse.withMutablePointer { i in
      factor.withMutablePointer { f in
        offset.withMutablePointer { o in
          statistics.mean.withPointer { m in
            statistics.variance.withPointer { v in
              scale.withPointer { s in
                shift.withPointer {
                  ck_channel_coefficients(
                    i, f, o, m, v, s, $0, epsilon, Int64(lines), Int64(channels))
                }
              }
            }
          }
        }
      }
    }
  }

  private func withMap<Result>(_ body: (inout ck_channel_map) -> Result) -> Result {
    factor.withPointer { f in
      offset.withPointer { o in
        withOptionalPointer(slope) { s in
          var map = ck_channel_map(
            factor: f, offset: o, slope: s, rectifies: rectifies, groups: Int64(groups),
            rows: Int64(rows), columns: Int64(mean.count / groups))
          return body(&map)
        }
      }
    }
  }

  private func withGradient<Result>(
    _ gradient: Tensor, input: Tensor, output: Tensor?,
    _ body: (inout ck_channel_gradient, inout ck_channel_map) -> Result
  ) -> Result {
    withMap { map in
      gradient.withPointer { dy in
        input.withPointer { x in
          withOptionalPointer(output) { y in
            mean.withPointer { m in
              inverse.withPointer { i in
                var gradient = ck_channel_gradient(dy: dy, x: x, y: y, mean: m, inverse: i)
                return body(&gradient, &map)
              }
            }
          }
        }
      }
    }
  }

  /// The output.
  func applied(to input: Tensor, residual: Tensor?) -> Tensor {
    Tensor(shape: input.shape) { y in
      withMap { map in
        input.withPointer { x in
          withOptionalPointer(residual) { ck_channel_affine(y, x, $0, &map) }
        }
      }
    }
  }

  /// Sums over the rows; `output` only where a rectifier follows a residual.
  func sums(_ gradient: Tensor, input: Tensor, output: Tensor?) -> Sums {
    var plain = Tensor(uninitialized: mean.shape)
    var products = Tensor(uninitialized: mean.shape)
    var slopes = Tensor(uninitialized: slope?.shape ?? [0])
    var masked = Tensor(uninitialized: output?.shape ?? [0])
    plain.withMutablePointer { s in
      products.withMutablePointer { p in
        slopes.withMutablePointer { d in
          masked.withMutablePointer { m in
            withGradient(gradient, input: input, output: output) { gradient, map in
              ck_channel_backward_sums(s, p, d, output == nil ? nil : m, &gradient, &map)
            }
          }
        }
      }
    }
    return Sums(
      plain: plain, products: products, slopes: slope == nil ? nil : slopes,
      masked: output == nil ? nil : masked)
  }

  /// Gradient of the input; `sums` is nil where the statistics do not depend on the input.
  ///
  /// With an `output` the gradient is the masked one.
  func inputGradient(_ gradient: Tensor, input: Tensor, output: Tensor?, sums: Sums?) -> Tensor {
    Tensor(shape: input.shape) { dx in
      withOptionalPointer(sums?.plain) { s in
        withOptionalPointer(sums?.products) { p in
          withGradient(gradient, input: input, output: output) { gradient, map in
            ck_channel_backward(dx, s, p, &gradient, &map)
          }
        }
      }
    }
  }
}
