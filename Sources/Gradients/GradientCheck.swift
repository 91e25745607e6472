public import Tensors

/// Compares the gradients of a scalar function with central finite differences.
public enum GradientCheck {
  /// The largest error over all inputs, `|analytic − numeric|` relative to the largest numeric gradient
  /// of the same input.
  ///
  /// The output is weighted by a fixed pseudo-random projection, so that every element of it counts.
  /// An input whose gradients all lie below 1e-3 is compared as if one of them were 1e-3: differences
  /// of single-precision values resolve no less.
  ///
  /// - Parameters:
  ///   - inputs: values at which to check; every element is varied.
  ///   - step: half the distance between the two evaluations.
  ///   - function: maps tracked inputs to any output.
  public static func largestError(
    at inputs: [Tensor], step: Float = 1e-2, of function: ([Variable]) -> Variable
  ) -> Double {
    func projection(_ shape: [Int]) -> Tensor {
      var random = RandomStream(seed: 7).split("projection")
      return random.uniform(shape: shape, bound: 1)
    }
    func evaluate(_ values: [Tensor]) -> Double {
      let output = function(values.map { Variable($0) }).value
      let weights = projection(output.shape).values
      return zip(output.values, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let tape = Tape()
    let leaves = inputs.map { tape.leaf($0) }
    let output = function(leaves)
    tape.backward(from: output, seed: projection(output.shape))
    var worst = 0.0
    for (index, input) in inputs.enumerated() {
      var (error, largest) = (0.0, 1e-3)
      let analytic =
        tape.gradient(of: leaves[index])?.values ?? [Float](repeating: 0, count: input.count)
      for position in 0..<input.count {
        var values = inputs
        values[index][position] = input[position] + step
        let high = evaluate(values)
        values[index][position] = input[position] - step
        let low = evaluate(values)
        let numeric = (high - low) / (2 * Double(step))
        error = max(error, abs(Double(analytic[position]) - numeric))
        largest = max(largest, abs(numeric))
      }
      worst = max(worst, error / largest)
    }
    return worst
  }
}
