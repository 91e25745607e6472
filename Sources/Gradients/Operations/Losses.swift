import CKernels
public import Tensors

extension Variable {
  /// `scale · Σ weight[row] · |x − target|`, a scalar; the gradient where both are equal is 0.
  public func absoluteError(to target: Tensor, rowWeights: Tensor? = nil, scale: Float) -> Variable
  {
    precondition(
      shape == target.shape && (rowWeights?.count ?? value.rows) == value.rows,
      "absoluteError: \(shape), target \(target.shape), weights \(rowWeights?.shape ?? [])")
    let (rows, columns) = (Int64(value.rows), Int64(value.columns))
    let sum = value.withPointer { x in
      target.withPointer { t in
        if let rowWeights {
          rowWeights.withPointer { ck_masked_l1(x, t, $0, rows, columns) }
        } else {
          ck_masked_l1(x, t, nil, rows, columns)
        }
      }
    }
    let (input, kept) = (place, value)
    return record(Tensor(Float(sum * Double(scale))), from: [self]) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { g in
        kept.withPointer { x in
          target.withPointer { t in
            let factor = scale * gradient.scalar
            if let rowWeights {
              rowWeights.withPointer { ck_masked_l1_backward(g, factor, x, t, $0, rows, columns) }
            } else {
              ck_masked_l1_backward(g, factor, x, t, nil, rows, columns)
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Mean absolute error to a target of the same shape, a scalar.
  public func meanAbsoluteError(to target: Tensor) -> Variable {
    absoluteError(to: target, scale: 1 / Float(value.count))
  }

  /// Mean cross-entropy of class scores with label smoothing, a scalar.
  ///
  /// The target is `(1 − smoothing) · onehot + smoothing / classes`.
  /// **Shape**: `[batch, classes]` with one label per row.
  public func crossEntropy(labels: [Int], smoothing: Float = 0) -> Variable {
    let classes = value.columns
    precondition(
      labels.count == value.rows && labels.allSatisfy { $0 >= 0 && $0 < classes },
      "crossEntropy: \(labels.count) labels below \(classes) for scores \(shape)")
    let rows = Int64(labels.count)
    let logProbabilities = Tensor(shape: shape) { y in
      value.withPointer { ck_log_softmax(y, $0, rows, Int64(classes)) }
    }
    var target = Tensor(repeating: smoothing / Float(classes), shape: shape)
    target.withMutablePointer { t in
      for (row, label) in labels.enumerated() { t[row * classes + label] += 1 - smoothing }
    }
    let loss = -product(logProbabilities, target).summed() / Double(labels.count)
    let keptTarget = target
    let input = place
    return record(Tensor(Float(loss)), from: [self]) { gradient, tape in
      // The gradient of −Σ t log softmax is softmax · Σt − t, and Σt is 1.
      var inputGradient = Tensor(shape: input.shape) { g in
        logProbabilities.withPointer { ck_exp(g, $0, Int64(logProbabilities.count)) }
      }
      inputGradient.add(keptTarget, scaledBy: -1)
      tape.accumulate(inputGradient.scaled(by: gradient.scalar / Float(labels.count)), into: input)
    }
  }

  /// A scalar whose value and gradient were computed together by hand.
  ///
  /// `gradient` is that of the result with respect to this variable.
  /// **Shape**: any, `gradient` of the same → `[]`.
  public func scalar(_ result: Float, withGradient gradient: Tensor) -> Variable {
    precondition(
      gradient.shape == shape, "scalar: gradient \(gradient.shape) for a value of \(shape)")
    let input = place
    return record(Tensor(result), from: [self]) { outer, tape in
      tape.accumulate(gradient.scaled(by: outer.scalar), into: input)
    }
  }
}
