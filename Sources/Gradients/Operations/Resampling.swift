import CKernels
import Tensors

/// How one axis is resampled: each new position is a weighted sum of the old ones.
public struct ResamplingWeights: Sendable, Hashable {
  /// Positions before.
  public let inputs: Int
  /// Positions after.
  public let outputs: Int
  /// `[outputs, inputs]`, row by row.
  public let values: [Float]

  /// Takes weights as they are.
  public init(inputs: Int, outputs: Int, values: [Float]) {
    precondition(
      values.count == inputs * outputs,
      "ResamplingWeights: \(values.count) weights for \(inputs) → \(outputs)")
    self.inputs = inputs
    self.outputs = outputs
    self.values = values
  }

  /// Cubic convolution between pixel centres.
  ///
  /// With antialiasing the kernel has coefficient −0.5, is as wide as the pixels that are merged, and is
  /// cut at the borders and scaled to sum 1, as in Pillow; without, it has −0.75 and four taps, and
  /// outside the border stands the border's own value.
  /// **Source**: R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981.
  public static func bicubic(from inputs: Int, to outputs: Int, antialiased: Bool = true) -> Self {
    precondition(inputs > 0 && outputs > 0, "bicubic: from \(inputs) to \(outputs) positions")
    let a = antialiased ? -0.5 : -0.75
    func kernel(_ distance: Double) -> Double {
      let t = abs(distance)
      if t < 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
      return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0
    }
    let step = Double(inputs) / Double(outputs)
    var values = [Float](repeating: 0, count: inputs * outputs)
    for output in 0..<outputs {
      let centre = step * (Double(output) + 0.5)
      var row = [Double](repeating: 0, count: inputs)
      if antialiased {
        let scale = max(step, 1)
        let first = max(Int(centre - 2 * scale + 0.5), 0)
        let last = min(Int(centre + 2 * scale + 0.5), inputs)
        for input in first..<last {
          row[input] = kernel((Double(input) - centre + 0.5) / scale)
        }
        let sum = row.reduce(0, +)
        for input in first..<last { row[input] /= sum }
      } else {
        let base = Int((centre - 0.5).rounded(.down))
        for tap in (base - 1)...(base + 2) {
          row[min(max(tap, 0), inputs - 1)] += kernel(centre - 0.5 - Double(tap))
        }
      }
      for input in 0..<inputs { values[output * inputs + input] = Float(row[input]) }
    }
    return Self(inputs: inputs, outputs: outputs, values: values)
  }
}

/// `W x` along the middle axis of `[outer, inputs, inner]`, or `Wᵀ x` where `transposed`.
private func applied(
  _ weights: ResamplingWeights, to x: Tensor, axis: Int, transposed: Bool
) -> Tensor {
  let (from, to) =
    transposed ? (weights.outputs, weights.inputs) : (weights.inputs, weights.outputs)
  let outer = x.shape[..<axis].reduce(1, *)
  let inner = x.shape[(axis + 1)...].reduce(1, *)
  var shape = x.shape
  shape[axis] = to
  return Tensor(shape: shape) { target in
    x.withPointer { source in
      for index in 0..<outer {
        ck_gemm(
          transposed, false, Int64(to), Int64(inner), Int64(from), 1, weights.values,
          Int64(weights.inputs), source + index * from * inner, Int64(inner), 0,
          target + index * to * inner, Int64(inner))
      }
    }
  }
}

extension Variable {
  /// Resamples one axis.
  ///
  /// **Shape**: extent `inputs` along `axis` → `outputs`; the other axes stay.
  public func resampled(_ weights: ResamplingWeights, axis: Int) -> Variable {
    precondition(
      shape.indices.contains(axis) && shape[axis] == weights.inputs,
      "resampled: weights for \(weights.inputs) positions along axis \(axis) of \(shape)")
    let input = place
    let result = applied(weights, to: value, axis: axis, transposed: false)
    return record(result, from: [self]) { gradient, tape in
      tape.accumulate(applied(weights, to: gradient, axis: axis, transposed: true), into: input)
    }
  }
}
