import CKernels
import Tensors

private typealias UnaryKernel = (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int64) -> Void
private typealias BinaryKernel = (
  UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int64
) -> Void

private func mapped(_ x: Tensor, _ kernel: UnaryKernel) -> Tensor {
  Tensor(shape: x.shape) { target in x.withPointer { kernel(target, $0, Int64(x.count)) } }
}

private func combined(_ a: Tensor, _ b: Tensor, _ kernel: BinaryKernel) -> Tensor {
  Tensor(shape: a.shape) { target in
    a.withPointer { a_ in b.withPointer { kernel(target, a_, $0, Int64(a.count)) } }
  }
}

extension Variable {
  /// `max(x, 0)`.
  public func rectified() -> Variable {
    let result = mapped(value, ck_relu)
    return record(result, from: [self]) { gradient, tape in
      tape.accumulate(combined(gradient, result, ck_relu_backward), into: self)
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
    return record(result, from: [self, slope]) { gradient, tape in
      var slopeGradient = Tensor(uninitialized: slope.shape)
      let inputGradient = Tensor(shape: self.shape) { target in
        slopeGradient.withMutablePointer { slopeTarget in
          gradient.withPointer { g in
            self.value.withPointer { x in
              slope.value.withPointer {
                ck_prelu_backward(target, slopeTarget, g, x, $0, rows, columns)
              }
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: self)
      tape.accumulate(slopeGradient, into: slope)
    }
  }

  /// The exact Gaussian error linear unit, `x/2 · (1 + erf(x/√2))`.
  public func gaussianErrorLinear() -> Variable {
    record(mapped(value, ck_gelu), from: [self]) { gradient, tape in
      tape.accumulate(combined(gradient, self.value, ck_gelu_backward), into: self)
    }
  }

  /// `1 / (1 + e^-x)`.
  public func sigmoid() -> Variable {
    let result = mapped(value, ck_sigmoid)
    return record(result, from: [self]) { gradient, tape in
      let complement = Tensor(shape: result.shape) { target in
        result.withPointer { ck_scale(target, $0, -1, 1, Int64(result.count)) }
      }
      tape.accumulate(product(product(gradient, result), complement), into: self)
    }
  }

  /// `e^x`.
  public func exponential() -> Variable {
    let result = mapped(value, ck_exp)
    return record(result, from: [self]) { gradient, tape in
      tape.accumulate(product(gradient, result), into: self)
    }
  }

  /// Natural logarithm; the input must be positive.
  public func logarithm() -> Variable {
    record(mapped(value, ck_log), from: [self]) { gradient, tape in
      tape.accumulate(product(gradient, mapped(self.value, ck_reciprocal)), into: self)
    }
  }

  /// Square root; the input must be positive.
  public func squareRoot() -> Variable {
    let result = mapped(value, ck_sqrt)
    return record(result, from: [self]) { gradient, tape in
      let slope = mapped(result, ck_reciprocal).scaled(by: 0.5)
      tape.accumulate(product(gradient, slope), into: self)
    }
  }

  /// `|x|`; the gradient at 0 is 0.
  public func absolute() -> Variable {
    record(mapped(value, ck_absolute), from: [self]) { gradient, tape in
      tape.accumulate(combined(gradient, self.value, ck_sign_multiply), into: self)
    }
  }

  /// Softmax along the last axis.
  public func softmax() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = mapped(value) { y, x, _ in ck_softmax(y, x, rows, columns) }
    return record(result, from: [self]) { gradient, tape in
      let inputGradient = combined(gradient, result) { dx, dy, y, _ in
        ck_softmax_backward(dx, dy, y, rows, columns)
      }
      tape.accumulate(inputGradient, into: self)
    }
  }

  /// Logarithm of the softmax along the last axis.
  public func logSoftmax() -> Variable {
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let result = mapped(value) { y, x, _ in ck_log_softmax(y, x, rows, columns) }
    return record(result, from: [self]) { gradient, tape in
      let inputGradient = combined(gradient, result) { dx, dy, y, _ in
        ck_log_softmax_backward(dx, dy, y, rows, columns)
      }
      tape.accumulate(inputGradient, into: self)
    }
  }
}
