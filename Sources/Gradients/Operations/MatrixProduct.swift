import CKernels
import Tensors

/// What a linear map applies to its result.
public enum Activation: Sendable {
  /// Nothing.
  case identity
  /// The exact Gaussian error linear unit.
  case gaussianErrorLinear
}

/// `op(left) · op(right)` of plain matrices given as pointers with shapes.
private func multiply(
  _ left: Tensor, transposed transposeLeft: Bool, _ right: Tensor, transposed transposeRight: Bool,
  rows: Int, columns: Int, inner: Int, leftWidth: Int, rightWidth: Int, shape: [Int]
) -> Tensor {
  Tensor(shape: shape) { target in
    left.withPointer { a in
      right.withPointer { b in
        ck_gemm(
          transposeLeft, transposeRight, Int64(rows), Int64(columns), Int64(inner), 1, a,
          Int64(leftWidth), b, Int64(rightWidth), 0, target, Int64(columns))
      }
    }
  }
}

/// Stops where the matrix library, whose sizes are 32-bit, could not take an extent.
func requireLibrarySizes(
  _ sizes: [Int], _ operation: String, _ shapes: @autoclosure () -> String
) {
  precondition(
    sizes.allSatisfy { $0 <= Int32.max },
    "\(operation): \(shapes()) exceeds the largest extent, \(Int32.max)")
}

extension Variable {
  /// `activation(self · weightᵀ + bias)` over the last axis, with low-rank `terms` added to the product.
  ///
  /// **Shape**: `[…, in]` with a weight `[out, in]` and a bias `[out]` → `[…, out]`.
  /// A constant weight costs no gradient of its own, and then the input is not kept for it.
  public func linear(
    weight: Variable, bias: Variable? = nil, activation: Activation = .identity,
    terms: [LowRankTerm] = []
  ) -> Variable {
    let inputs = value.columns
    let outputs = weight.shape[0]
    precondition(
      weight.shape.count >= 2 && weight.value.count == outputs * inputs,
      "linear: input \(shape) does not fit weight \(weight.shape)")
    let rows = value.rows
    requireLibrarySizes(
      [rows, inputs, outputs], "linear", "input \(shape) with weight \(weight.shape)")
    let outputShape = Array(shape.dropLast()) + [outputs]
    var product = multiply(
      value, transposed: false, weight.value, transposed: true, rows: rows, columns: outputs,
      inner: inputs, leftWidth: inputs, rightWidth: inputs, shape: outputShape)
    let inner = terms.map { $0.inner(of: self, outputs: outputs, inputTracked: isTracked) }
    for term in inner { term.add(to: &product, rows: rows, columns: outputs) }
    let biasOrZero = bias ?? Variable(Tensor(zeros: [outputs]))
    let result: Tensor
    var keptProduct: Tensor?
    switch activation {
    case .identity:
      if bias != nil {
        product.withMutablePointer { y in
          biasOrZero.value.withPointer { ck_add_row(y, y, $0, Int64(rows), Int64(outputs)) }
        }
      }
      result = product
    case .gaussianErrorLinear:
      result = Tensor(shape: outputShape) { y in
        product.withMutablePointer { x in
          biasOrZero.value.withPointer { ck_bias_gelu(y, x, $0, Int64(rows), Int64(outputs)) }
        }
      }
      keptProduct = product
    }
    let keptForBackward = keptProduct
    // Kept for the gradients of the weight and of each A that is applied to the input itself.
    let keptInput =
      weight.isTracked || inner.contains(where: \.downPlace.isTracked) ? kept : nil
    let input = place
    let (weightPlace, weightValue) = (weight.place, weight.value)
    let biasOrZeroPlace = biasOrZero.place
    let sources = [self, weight, biasOrZero] + terms.flatMap(\.sources)
    let output = record(result, from: sources, as: terms.isEmpty ? .linear(activation) : nil) {
      gradient, tape in
      var gradient = gradient
      if let keptForBackward, !biasOrZeroPlace.isTracked {
        let outer = gradient
        gradient = Tensor(shape: outer.shape) { dx in
          outer.withPointer { dy in
            keptForBackward.withPointer { ck_gelu_backward(dx, dy, $0, Int64(outer.count)) }
          }
        }
      } else if let keptForBackward {
        var biasGradient = Tensor(uninitialized: [outputs])
        let outer = gradient
        gradient = Tensor(shape: outer.shape) { dx in
          biasGradient.withMutablePointer { db in
            outer.withPointer { dy in
              keptForBackward.withPointer {
                ck_gelu_bias_backward(dx, db, dy, $0, Int64(rows), Int64(outputs))
              }
            }
          }
        }
        tape.accumulate(biasGradient, into: biasOrZeroPlace)
      } else if biasOrZeroPlace.isTracked {
        let biasGradient = Tensor(shape: [outputs]) { target in
          gradient.withPointer { ck_sum_rows(target, $0, Int64(rows), Int64(outputs), false) }
        }
        tape.accumulate(biasGradient, into: biasOrZeroPlace)
      }
      let keptInput = keptInput?()
      if let keptInput, weightPlace.isTracked {
        let weightGradient = multiply(
          gradient, transposed: true, keptInput, transposed: false, rows: outputs,
          columns: inputs, inner: rows, leftWidth: outputs, rightWidth: inputs,
          shape: weightPlace.shape)
        tape.accumulate(weightGradient, into: weightPlace)
      }
      var inputGradient: Tensor?
      if input.isTracked {
        inputGradient = multiply(
          gradient, transposed: false, weightValue, transposed: false, rows: rows,
          columns: inputs, inner: outputs, leftWidth: outputs, rightWidth: inputs,
          shape: input.shape)
      }
      backpropagate(
        gradient, through: inner, rows: rows, columns: outputs, input: { keptInput },
        into: &inputGradient, on: tape)
      if let inputGradient { tape.accumulate(inputGradient, into: input) }
    }
    guard let keptForBackward else { return output }
    return output.rebuilt {
      Tensor(shape: outputShape) { y in
        keptForBackward.withPointer { ck_gelu(y, $0, Int64(keptForBackward.count)) }
      }
    }
  }

  /// Matrix product of the last two axes, each side optionally transposed.
  ///
  /// **Shape**: `[…, m, k] × […, k, n]` → `[…, m, n]`; leading axes must agree.
  public func multiplied(
    by right: Variable, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Variable {
    precondition(
      shape.count >= 2 && right.shape.count == shape.count
        && shape.dropLast(2) == right.shape.dropLast(2),
      "multiplied: shapes \(shape) and \(right.shape) differ in their leading axes")
    let batch = shape.dropLast(2).reduce(1, *)
    func sides(_ shape: [Int], _ transposed: Bool) -> (Int, Int) {
      let (first, second) = (shape[shape.count - 2], shape[shape.count - 1])
      return transposed ? (second, first) : (first, second)
    }
    let (rows, inner) = sides(shape, transposingSelf)
    let (otherInner, columns) = sides(right.shape, transposingOther)
    precondition(inner == otherInner, "multiplied: inner extents \(inner) and \(otherInner)")
    requireLibrarySizes(
      [batch, rows, inner, columns], "multiplied", "the product of \(shape) and \(right.shape)")
    let result = batchedProduct(
      value, transposingSelf, right.value, transposingOther, batch, rows, columns, inner,
      Array(shape.dropLast(2)) + [rows, columns])
    let (input, other) = (place, right.place)
    // Each side is kept only for the gradient of the other.
    let keptSelf = right.isTracked ? value : nil
    let keptRight = isTracked ? right.value : nil
    return record(
      result, from: [self, right],
      as: .matrixProduct(transposingSelf: transposingSelf, transposingOther: transposingOther)
    ) { gradient, tape in
      // With L = op(left) and R = op(right): dL = G Rᵀ and dR = Lᵀ G, transposed back as needed.
      if let keptRight {
        let leftGradient =
          transposingSelf
          ? batchedProduct(
            keptRight, transposingOther, gradient, true, batch, inner, rows, columns, input.shape)
          : batchedProduct(
            gradient, false, keptRight, !transposingOther, batch, rows, inner, columns,
            input.shape)
        tape.accumulate(leftGradient, into: input)
      }
      if let keptSelf {
        let rightGradient =
          transposingOther
          ? batchedProduct(
            gradient, true, keptSelf, transposingSelf, batch, columns, inner, rows, other.shape)
          : batchedProduct(
            keptSelf, !transposingSelf, gradient, false, batch, inner, columns, rows,
            other.shape)
        tape.accumulate(rightGradient, into: other)
      }
    }
  }
}

private func batchedProduct(
  _ left: Tensor, _ transposeLeft: Bool, _ right: Tensor, _ transposeRight: Bool, _ batch: Int,
  _ rows: Int, _ columns: Int, _ inner: Int, _ shape: [Int]
) -> Tensor {
  Tensor(shape: shape) { target in
    left.withPointer { a in
      right.withPointer { b in
        if batch == 1 {
          ck_gemm(
            transposeLeft, transposeRight, Int64(rows), Int64(columns), Int64(inner), 1, a,
            Int64(transposeLeft ? rows : inner), b, Int64(transposeRight ? inner : columns), 0,
            target, Int64(columns))
        } else {
          ck_gemm_batched(
            Int64(batch), transposeLeft, transposeRight, Int64(rows), Int64(columns), Int64(inner),
            1, a, Int64(rows * inner), b, Int64(inner * columns), 0, target,
            Int64(rows * columns))
        }
      }
    }
  }
}
