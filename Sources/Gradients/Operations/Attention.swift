import CKernels
import Tensors

extension Variable {
  /// Multi-head softmax attention over a fused query, key and value.
  ///
  /// **Shape**: `[batch, tokens, 3 · heads · width]`, the last axis ordered (part, head, width) as in
  /// timm's `qkv`, → `[batch, tokens, heads · width]`. `bias`, added to the scaled scores, is
  /// `[biasBatch, heads, tokens, tokens]`; image `b` uses row `b mod biasBatch`.
  /// The tokens × tokens matrix is never stored: the log-sum-exp of each row is, and the backward pass
  /// computes the matrix again block by block.
  public func attention(heads: Int, scale: Float, bias: Variable? = nil) -> Variable {
    precondition(
      shape.count == 3 && shape[2] % (3 * heads) == 0,
      "attention: shape \(shape) does not split into 3 parts of \(heads) heads")
    let (batch, tokens, width) = (shape[0], shape[1], shape[2] / (3 * heads))
    requireLibrarySizes([batch * heads, tokens, shape[2]], "attention", "\(shape)")
    let biasBatch = bias?.shape[0] ?? 1
    if let bias {
      precondition(
        bias.shape == [biasBatch, heads, tokens, tokens] && batch % biasBatch == 0,
        "attention: bias \(bias.shape) for \(heads) heads, \(tokens) tokens, batch \(batch)")
    }
    let sizes = (Int64(batch), Int64(tokens), Int64(heads), Int64(width))
    var logSum = Tensor(uninitialized: [batch, heads, tokens])
    let result = Tensor(shape: [batch, tokens, heads * width]) { y in
      logSum.withMutablePointer { l in
        value.withPointer { x in
          let call = { (b: UnsafePointer<Float>?) in
            ck_attention(
              y, l, x, b, Int64(biasBatch), sizes.0, sizes.1, sizes.2, sizes.3, scale)
          }
          if let bias { bias.value.withPointer { call($0) } } else { call(nil) }
        }
      }
    }
    let (keptLogSum, biasPlace, biasValue) = (logSum, bias?.place, bias?.value)
    let (input, kept) = (place, value)
    return record(
      result, from: [self] + (bias.map { [$0] } ?? []),
      as: .attention(heads: heads, scale: scale, hasBias: bias != nil)
    ) { gradient, tape in
      let trackedBias = biasPlace?.isTracked == true
      var biasGradient = Tensor(zeros: trackedBias ? biasPlace?.shape ?? [0] : [0])
      let inputGradient = Tensor(shape: input.shape) { dx in
        biasGradient.withMutablePointer { db in
          gradient.withPointer { dy in
            result.withPointer { y in
              keptLogSum.withPointer { l in
                kept.withPointer { x in
                  let call = { (b: UnsafePointer<Float>?) in
                    ck_attention_backward(
                      dx, trackedBias ? db : nil, dy, y, l, x, b, Int64(biasBatch), sizes.0,
                      sizes.1, sizes.2, sizes.3, scale)
                  }
                  if let biasValue { biasValue.withPointer { call($0) } } else { call(nil) }
                }
              }
            }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
      if let biasPlace, trackedBias { tape.accumulate(biasGradient, into: biasPlace) }
    }
  }
}
