import Tensors

/// Numbers in −1 ..< 1 that depend on a rank and the row-major position alone; the recorder
/// tools/goldens/models.py draws the same ones.
func noise(_ rank: Int, _ shape: [Int], scale: Double = 1, offset: Double = 0) -> Tensor {
  let count = shape.reduce(1, *)
  return Tensor(shape: shape) { target in
    let base = UInt64(rank + 1) << 40
    var index = 0
    while index < count {
      var z = base &+ UInt64(index)
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      z = z ^ (z >> 31)
      target[index] = Float(offset + scale * (Double(z >> 40) / 8_388_608 - 1))
      index += 1
    }
  }
}

/// Sets every tensor of a network by its rank among the names sorted by bytes, as the recorder does.
func fillByNoise(_ named: [(path: String, set: (Tensor) -> Void, shape: [Int])]) {
  let sorted = named.sorted { Array($0.path.utf8).lexicographicallyPrecedes(Array($1.path.utf8)) }
  for (rank, entry) in sorted.enumerated() {
    let fan = entry.shape.dropFirst().reduce(1, *)
    let value =
      if entry.path.hasSuffix("running_var") {
        noise(rank, entry.shape, scale: 0.5, offset: 1)
      } else if entry.shape.count == 1 && entry.path.hasSuffix("weight") {
        noise(rank, entry.shape, scale: 0.25, offset: 1)
      } else if entry.shape.count == 1 {
        noise(rank, entry.shape, scale: 0.125)
      } else if ["cls_token", "pos_embed"].contains(entry.path) {
        noise(rank, entry.shape, scale: 0.5)
      } else {
        noise(rank, entry.shape, scale: (3 / Double(fan)).squareRoot())
      }
    entry.set(value)
  }
}
