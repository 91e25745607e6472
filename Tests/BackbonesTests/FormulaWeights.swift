import Layers
import Tensors

/// Sets every tensor of a module by one formula, so that reference numbers need no weight file.
///
/// Names are sorted by bytes; with rank k and row-major index i the value is A · sin(0.7 k + 0.13 i),
/// plus 1 where the tensor is a variance, a temperature or a one-dimensional weight.
func fillByFormula(
  _ named: [(path: String, set: (Tensor) -> Void, shape: [Int])], amplitude: Double
) {
  let sorted = named.sorted { Array($0.path.utf8).lexicographicallyPrecedes(Array($1.path.utf8)) }
  for (rank, entry) in sorted.enumerated() {
    let count = entry.shape.reduce(1, *)
    let adds =
      entry.path.hasSuffix("running_var") || entry.path.hasSuffix("temperature")
      || (entry.shape.count == 1 && entry.path.hasSuffix("weight"))
    entry.set(
      Tensor(shape: entry.shape) { target in
        let (start, offset) = (0.7 * Double(rank), adds ? 1.0 : 0)
        var index = 0
        while index < count {
          target[index] = Float(amplitude * sine(start + 0.13 * Double(index)) + offset)
          index += 1
        }
      })
  }
}

/// All float tensors of a module under `prefix`, ready for ``fillByFormula(_:amplitude:)``.
func namedTensors(
  of module: any Module, prefix: String = ""
) -> [(path: String, set: (Tensor) -> Void, shape: [Int])] {
  module.parameters.map { entry in
    (prefix + entry.path, { entry.parameter.value = $0 }, entry.parameter.value.shape)
  }
    + module.buffers.filter { !$0.buffer.isInteger }.map { entry in
      (prefix + entry.path, { entry.buffer.value = $0 }, entry.buffer.value.shape)
    }
}

/// The pictures of the reference numbers: sin(0.1 j) with j counting [1, 3, height, width] row by row.
func formulaPicture(height: Int, width: Int) -> Tensor {
  var values = [Float](repeating: 0, count: height * width * 3)
  for channel in 0..<3 {
    for pixel in 0..<(height * width) {
      let j = channel * height * width + pixel
      values[pixel * 3 + channel] = Float(sine(0.1 * Double(j)))
    }
  }
  return Tensor(values, shape: [1, height, width, 3])
}
