import CKernels
import Tensors

extension Variable {
  /// Values cut to a range; where one was outside or at an end, the gradient is 0.
  ///
  /// With `0...6` it is the activation of mobile networks (ReLU6).
  public func clipped(_ range: ClosedRange<Float>) -> Variable {
    let count = Int64(value.count)
    let result = Tensor(shape: shape) { target in
      value.withPointer { ck_clip(target, $0, range.lowerBound, range.upperBound, count) }
    }
    let input = place
    return record(result, from: [self], as: .clipping(range)) { gradient, tape in
      // The result tells as much as the input: at the ends there is no gradient.
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer { g in
          result.withPointer {
            ck_clip_backward(target, g, $0, range.lowerBound, range.upperBound, count)
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
