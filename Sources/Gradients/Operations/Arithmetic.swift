import CKernels
import Tensors

extension Variable {
  private static func require(_ left: Variable, _ right: Variable, _ operation: String) {
    precondition(
      left.shape == right.shape, "\(operation): shapes \(left.shape) and \(right.shape) differ")
  }

  /// Element-wise sum of two variables of one shape.
  public static func + (left: Variable, right: Variable) -> Variable {
    require(left, right, "+")
    let sum = Tensor(shape: left.shape) { target in
      left.value.withPointer { a in
        right.value.withPointer { ck_add(target, a, $0, Int64(left.value.count)) }
      }
    }
    return record(sum, from: [left, right]) { gradient, tape in
      tape.accumulate(gradient, into: left)
      tape.accumulate(gradient, into: right)
    }
  }

  /// Element-wise difference of two variables of one shape.
  public static func - (left: Variable, right: Variable) -> Variable {
    require(left, right, "-")
    let difference = Tensor(shape: left.shape) { target in
      left.value.withPointer { a in
        right.value.withPointer { ck_subtract(target, a, $0, Int64(left.value.count)) }
      }
    }
    return record(difference, from: [left, right]) { gradient, tape in
      tape.accumulate(gradient, into: left)
      if right.isTracked { tape.accumulate(gradient.scaled(by: -1), into: right) }
    }
  }

  /// Element-wise product of two variables of one shape.
  public static func * (left: Variable, right: Variable) -> Variable {
    require(left, right, "*")
    return record(product(left.value, right.value), from: [left, right]) { gradient, tape in
      if left.isTracked { tape.accumulate(product(gradient, right.value), into: left) }
      if right.isTracked { tape.accumulate(product(gradient, left.value), into: right) }
    }
  }

  /// Every element times a number.
  public static func * (left: Variable, factor: Float) -> Variable {
    record(left.value.scaled(by: factor), from: [left]) { gradient, tape in
      tape.accumulate(gradient.scaled(by: factor), into: left)
    }
  }

  /// Adds a `[columns]` row to every last-axis line.
  public func addingRow(_ row: Variable) -> Variable {
    precondition(
      row.value.count == value.columns, "addingRow: \(row.shape) does not fit \(shape)")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let sum = Tensor(shape: shape) { target in
      value.withPointer { x in row.value.withPointer { ck_add_row(target, x, $0, rows, columns) } }
    }
    return record(sum, from: [self, row]) { gradient, tape in
      tape.accumulate(gradient, into: self)
      if row.isTracked {
        let rowGradient = Tensor(shape: row.shape) { target in
          gradient.withPointer { ck_sum_rows(target, $0, rows, columns, false) }
        }
        tape.accumulate(rowGradient, into: row)
      }
    }
  }

  /// Multiplies every last-axis line element-wise by a `[columns]` row.
  public func multipliedByRow(_ row: Variable) -> Variable {
    precondition(
      row.value.count == value.columns, "multipliedByRow: \(row.shape) does not fit \(shape)")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    func scaledLines(_ x: Tensor) -> Tensor {
      Tensor(shape: x.shape) { target in
        x.withPointer { x in
          row.value.withPointer { ck_multiply_row(target, x, $0, rows, columns) }
        }
      }
    }
    return record(scaledLines(value), from: [self, row]) { gradient, tape in
      if self.isTracked { tape.accumulate(scaledLines(gradient), into: self) }
      if row.isTracked {
        let rowGradient = Tensor(shape: row.shape) { target in
          gradient.withPointer { g in
            self.value.withPointer { ck_sum_product_rows(target, g, $0, rows, columns) }
          }
        }
        tape.accumulate(rowGradient, into: row)
      }
    }
  }

  /// Multiplies line `i` (all axes but the first form a line) by the constant `factors[i]`.
  ///
  /// Drop path is this with 0 or 1 / keep per image.
  public func scalingFirstAxis(by factors: [Float]) -> Variable {
    precondition(
      factors.count == shape.first, "scalingFirstAxis: \(factors.count) factors for \(shape)")
    let (rows, columns) = (Int64(factors.count), Int64(value.count / max(factors.count, 1)))
    func scaledLines(_ x: Tensor) -> Tensor {
      Tensor(shape: x.shape) { target in
        x.withPointer { x in
          factors.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            ck_multiply_column(target, x, base, rows, columns)
          }
        }
      }
    }
    return record(scaledLines(value), from: [self]) { gradient, tape in
      tape.accumulate(scaledLines(gradient), into: self)
    }
  }
}

/// Element-wise product of two tensors of equal count.
func product(_ left: Tensor, _ right: Tensor) -> Tensor {
  Tensor(shape: left.shape) { target in
    left.withPointer { a in right.withPointer { ck_multiply(target, a, $0, Int64(left.count)) } }
  }
}
