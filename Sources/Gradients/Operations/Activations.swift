import CKernels
import Tensors

private typealias UnaryKernel = (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int64) -> Void
typealias BinaryKernel = (
  UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int64
) -> Void

private func mapped(_ x: Tensor, _ kernel: UnaryKernel) -> Tensor {
  Tensor(shape: x.shape) { target in x.withPointer { kernel(target, $0, Int64(x.count)) } }
}

func combined(_ a: Tensor, _ b: Tensor, _ kernel: BinaryKernel) -> Tensor {
  Tensor(shape: a.shape) { target in
    a.withPointer { a_ in b.withPointer { kernel(target, a_, $0, Int64(a.count)) } }
  }
}

extension Variable {
  /// `max(x, 0)`.
  public func rectified() -> Variable {
    let result = mapped(value, ck_relu)
    let input = place
    return record(result, from: [self], as: .rectification) { gradient, tape in
      tape.accumulate(combined(gradient, result, ck_relu_backward), into: input)
    }
  }

  /// `x` where positive, `slope[channel] * x` elsewhere; channels are the last axis.
  public func parametricRectified(slope: Variable) -> Variable {
    precondition(
      slope.value.count == value.columns, "parametricRectified: \(slope.shape) for \(shape)")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = Tensor(shape: shape) { target in
      value.withPointer { x in slope.value.withPointer { ck_prelu(target, x, $0, rows, columns) } }
    }
    let (input, kept) = (place, value)
    let (slopePlace, slopeValue) = (slope.place, slope.value)
    return record(result, from: [self, slope], as: .parametricRectification) { gradient, tape in
      var slopeGradient = Tensor(uninitialized: slopePlace.shape)
      let inputGradient = Tensor(shape: input.shape) { target in
        slopeGradient.withMutablePointer { slopeTarget in
          gradient.withPointer { g in
            kept.withPointer { x in
              slopeValue.withPointer {
                ck_prelu_backward(target, slopeTarget, g, x, $0, rows, columns)
              }
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
      tape.accumulate(slopeGradient, into: slopePlace)
    }
  }

  /// The exact Gaussian error linear unit, `x/2 · (1 + erf(x/√2))`.
  public func gaussianErrorLinear() -> Variable {
    let (input, kept) = (place, value)
    return record(mapped(value, ck_gelu), from: [self], as: .gaussianErrorLinear) {
      gradient, tape in
      tape.accumulate(combined(gradient, kept, ck_gelu_backward), into: input)
    }
  }

  /// `1 / (1 + e^-x)`.
  public func sigmoid() -> Variable {
    let result = mapped(value, ck_sigmoid)
    let input = place
    return record(result, from: [self], as: .sigmoid) { gradient, tape in
      let complement = Tensor(shape: result.shape) { target in
        result.withPointer { ck_scale(target, $0, -1, 1, Int64(result.count)) }
      }
      tape.accumulate(product(product(gradient, result), complement), into: input)
    }
  }

  /// `e^x`.
  public func exponential() -> Variable {
    let result = mapped(value, ck_exp)
    let input = place
    return record(result, from: [self], as: .exponential) { gradient, tape in
      tape.accumulate(product(gradient, result), into: input)
    }
  }

  /// Natural logarithm; the input must be positive.
  public func logarithm() -> Variable {
    let (input, kept) = (place, value)
    return record(mapped(value, ck_log), from: [self], as: .logarithm) { gradient, tape in
      tape.accumulate(product(gradient, mapped(kept, ck_reciprocal)), into: input)
    }
  }

  /// Square root; the input must be positive.
  public func squareRoot() -> Variable {
    let result = mapped(value, ck_sqrt)
    let input = place
    return record(result, from: [self], as: .squareRoot) { gradient, tape in
      let slope = mapped(result, ck_reciprocal).scaled(by: 0.5)
      tape.accumulate(product(gradient, slope), into: input)
    }
  }

  /// `|x|`; the gradient at 0 is 0.
  public func absolute() -> Variable {
    let (input, kept) = (place, value)
    return record(mapped(value, ck_absolute), from: [self], as: .absolute) { gradient, tape in
      tape.accumulate(combined(gradient, kept, ck_sign_multiply), into: input)
    }
  }

  /// Softmax along the last axis.
  public func softmax() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = mapped(value) { y, x, _ in ck_softmax(y, x, rows, columns) }
    let input = place
    return record(result, from: [self], as: .softmax) { gradient, tape in
      let inputGradient = combined(gradient, result) { dx, dy, y, _ in
        ck_softmax_backward(dx, dy, y, rows, columns)
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Logarithm of the softmax along the last axis.
  public func logSoftmax() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = mapped(value) { y, x, _ in ck_log_softmax(y, x, rows, columns) }
    let input = place
    return record(result, from: [self], as: .logSoftmax) { gradient, tape in
      let inputGradient = combined(gradient, result) { dx, dy, y, _ in
        ck_log_softmax_backward(dx, dy, y, rows, columns)
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
