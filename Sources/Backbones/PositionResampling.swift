import Gradients
import Tensors

/// Fits learned positions of one grid to another.
enum PositionResampling {
  /// Antialiased bicubic resampling of absolute positions, as timm does it.
  ///
  /// **Shape**: `[1, prefix + rows · columns, width]` → the same with the new grid; the prefix stays.
  static func absolute(_ value: Tensor, prefix: Int, from: Extent, to: Extent) -> Tensor {
    guard from != to else { return value }
    let width = value.columns
    let all = Variable(value.reshaped([value.shape[1], width]))
    let grid = all.slice(prefix..<value.shape[1], axis: 0)
      .reshaped([from.height, from.width, width])
      .resampled(.bicubic(from: from.height, to: to.height), axis: 0)
      .resampled(.bicubic(from: from.width, to: to.width), axis: 1)
      .reshaped([to.height * to.width, width])
    let joined = Variable.concatenated([all.slice(0..<prefix, axis: 0), grid], axis: 0)
    return joined.value.reshaped([1, prefix + to.height * to.width, width])
  }

  /// Resampling of a table of relative positions at distances that grow geometrically, so that near
  /// distances stay near; cubic splines along each axis.
  ///
  /// **Shape**: `[(2·rows−1)(2·columns−1) + extraRows, heads]` → the same with the new grid; the extra
  /// rows stay. Nil if the value is no such table.
  /// **Source**: SimMIM's release (arXiv 2111.09886), fine-tuning at another window size.
  static func relative(_ value: Tensor, extraRows: Int, from: Extent, to: Extent) -> Tensor? {
    let (rows, columns) = (2 * from.height - 1, 2 * from.width - 1)
    guard value.rank == 2, value.shape[0] == rows * columns + extraRows else { return nil }
    guard from != to else { return value }
    let heads = value.columns
    let all = Variable(value)
    let (down, across) = (2 * to.height - 1, 2 * to.width - 1)
    let grid = all.slice(0..<(rows * columns), axis: 0)
      .reshaped([rows, columns, heads])
      .resampled(geometric(from: rows, to: down), axis: 0)
      .resampled(geometric(from: columns, to: across), axis: 1)
      .reshaped([down * across, heads])
    let extra = all.slice((rows * columns)..<value.shape[0], axis: 0)
    return Variable.concatenated([grid, extra], axis: 0).value
  }

  /// Weights of the spline through values at 0, ±1, ±(1+q), …, read at whole numbers.
  static func geometric(from inputs: Int, to outputs: Int) -> ResamplingWeights {
    guard inputs != outputs, inputs > 3 else {
      // Splines need four knots; a shorter axis is cut or repeated at its ends.
      var values = [Float](repeating: 0, count: inputs * outputs)
      for output in 0..<outputs {
        let place = min(max(output + inputs / 2 - outputs / 2, 0), inputs - 1)
        values[output * inputs + place] = 1
      }
      return ResamplingWeights(inputs: inputs, outputs: outputs, values: values)
    }
    let half = knots(half: inputs / 2, reach: Double(outputs / 2))
    let spline = CubicSpline(knots: half.reversed().map { -$0 } + [0] + half)
    var values: [Float] = []
    for output in 0..<outputs {
      values += spline.weights(at: Double(output - outputs / 2)).map { Float($0) }
    }
    return ResamplingWeights(inputs: inputs, outputs: outputs, values: values)
  }

  /// Positive places 1, 1+q, 1+q+q², …, with q found so that the last one is `reach`.
  static func knots(half count: Int, reach: Double) -> [Double] {
    func places(_ ratio: Double) -> [Double] {
      var (power, sum) = (1.0, 0.0)
      return (0..<count).map { _ in
        sum += power
        power *= ratio
        return sum
      }
    }
    // The release's bounds and tolerance; where q leaves them, the outermost places are cut off.
    var (low, high) = (1.01, 1.5)
    var ratio = (low + high) / 2
    while high - low > 1e-6 {
      ratio = (low + high) / 2
      if (places(ratio).last ?? 0) > reach { high = ratio } else { low = ratio }
    }
    return places(ratio)
  }
}
