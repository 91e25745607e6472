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
    let (first, second) = (left.place, right.place)
    return record(sum, from: [left, right], as: .sum) { gradient, tape in
      tape.accumulate(gradient, into: first)
      tape.accumulate(gradient, into: second)
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
    let (first, second) = (left.place, right.place)
    return record(difference, from: [left, right], as: .difference) { gradient, tape in
      tape.accumulate(gradient, into: first)
      if second.isTracked { tape.accumulate(gradient.scaled(by: -1), into: second) }
    }
  }

  /// Element-wise product of two variables of one shape.
  public static func * (left: Variable, right: Variable) -> Variable {
    require(left, right, "*")
    let (first, second) = (left.place, right.place)
    // Each side is kept only for the gradient of the other.
    let keptLeft = right.isTracked ? left.value : nil
    let keptRight = left.isTracked ? right.value : nil
    return record(product(left.value, right.value), from: [left, right], as: .product) {
      gradient, tape in
      if let keptRight { tape.accumulate(product(gradient, keptRight), into: first) }
      if let keptLeft { tape.accumulate(product(gradient, keptLeft), into: second) }
    }
  }

  /// Every element times a number.
  public static func * (left: Variable, factor: Float) -> Variable {
    let input = left.place
    return record(left.value.scaled(by: factor), from: [left], as: .scaling(factor)) {
      gradient, tape in
      tape.accumulate(gradient.scaled(by: factor), into: input)
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
    let input = place
    let rowPlace = row.place
    return record(sum, from: [self, row], as: .addedRow) { gradient, tape in
      tape.accumulate(gradient, into: input)
      if rowPlace.isTracked {
        let rowGradient = Tensor(shape: rowPlace.shape) { target in
          gradient.withPointer { ck_sum_rows(target, $0, rows, columns, false) }
        }
        tape.accumulate(rowGradient, into: rowPlace)
      }
    }
  }

  /// Multiplies every last-axis line element-wise by a `[columns]` row.
  public func multipliedByRow(_ row: Variable) -> Variable {
    precondition(
      row.value.count == value.columns, "multipliedByRow: \(row.shape) does not fit \(shape)")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let factors = row.value
    func scaledLines(_ x: Tensor) -> Tensor {
      Tensor(shape: x.shape) { target in
        x.withPointer { x in
          factors.withPointer { ck_multiply_row(target, x, $0, rows, columns) }
        }
      }
    }
    let (input, rowPlace) = (place, row.place)
    let kept = row.isTracked ? value : nil
    return record(scaledLines(value), from: [self, row], as: .multipliedRow) { gradient, tape in
      if input.isTracked { tape.accumulate(scaledLines(gradient), into: input) }
      if let kept {
        let rowGradient = Tensor(shape: rowPlace.shape) { target in
          gradient.withPointer { g in
            kept.withPointer { ck_sum_product_rows(target, g, $0, rows, columns) }
          }
        }
        tape.accumulate(rowGradient, into: rowPlace)
      }
    }
  }

  /// Multiplies line `i` (all axes but the first form a line) by element `i` of a variable.
  ///
  /// **Shape**: `[rows, …]` with a column of `rows` elements → the same shape.
  public func multipliedByColumn(_ column: Variable) -> Variable {
    precondition(
      column.value.count == shape.first, "multipliedByColumn: \(column.shape) for \(shape)")
    let rows = Int64(column.value.count)
    let columns = Int64(value.count / max(column.value.count, 1))
    let factors = column.value
    func scaledLines(_ x: Tensor) -> Tensor {
      Tensor(shape: x.shape) { target in
        x.withPointer { x in
          factors.withPointer { ck_multiply_column(target, x, $0, rows, columns) }
        }
      }
    }
    let (input, columnPlace) = (place, column.place)
    let kept = column.isTracked ? value : nil
    return record(scaledLines(value), from: [self, column]) { gradient, tape in
      if input.isTracked { tape.accumulate(scaledLines(gradient), into: input) }
      if let kept {
        let products = product(gradient, kept)
        let columnGradient = Tensor(shape: columnPlace.shape) { target in
          products.withPointer { ck_sum_columns(target, $0, rows, columns, 1) }
        }
        tape.accumulate(columnGradient, into: columnPlace)
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
    let input = place
    return record(scaledLines(value), from: [self]) { gradient, tape in
      tape.accumulate(scaledLines(gradient), into: input)
    }
  }
}

/// Element-wise product of two tensors of equal count.
func product(_ left: Tensor, _ right: Tensor) -> Tensor {
  Tensor(shape: left.shape) { target in
    left.withPointer { a in right.withPointer { ck_multiply(target, a, $0, Int64(left.count)) } }
  }
}
