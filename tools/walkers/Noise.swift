import CRaster
import Foundation

/// A square table of smooth noise that repeats without a seam; values 0…1, mean about 0.5.
struct Noise {
  /// `side * side` values, row-major.
  let values: [Float]

  /// Side of the table.
  static let side = Int(RASTER_NOISE_SIDE)

  /// Draws a table: white noise, lightly smoothed, plus a coarser octave.
  init(seed: UInt64) {
    var random = CounterGenerator(seed: seed, .noiseTable)
    let side = Self.side
    let fine = (0..<side * side).map { _ in random.uniform(0, 1) }
    let half = side / 2
    let coarse = (0..<half * half).map { _ in random.uniform(0, 1) }
    var values = [Float](repeating: 0, count: side * side)
    for y in 0..<side {
      for x in 0..<side {
        let smooth =
          0.5 * fine[y * side + x]
          + 0.25 * (fine[y * side + (x + 1) % side] + fine[(y + 1) % side * side + x])
        let (cx, cy) = (x / 2, y / 2)
        let mixed =
          x % 2 == 0
          ? coarse[cy * half + cx]
          : 0.5 * (coarse[cy * half + cx] + coarse[cy * half + (cx + 1) % half])
        values[y * side + x] = 0.55 * smooth + 0.45 * mixed
      }
    }
    self.values = values
  }

  /// The table between its points; coordinates in cells.
  func at(_ x: Float, _ y: Float) -> Float {
    let mask = Self.side - 1
    let left = x.rounded(.down)
    let top = y.rounded(.down)
    let column = Int(left) & mask
    let row = Int(top) & mask
    let next = (column + 1) & mask
    let below = (row + 1) & mask
    let across = x - left
    let upper =
      values[row * Self.side + column] * (1 - across)
      + values[row * Self.side + next] * across
    let lower =
      values[below * Self.side + column] * (1 - across)
      + values[below * Self.side + next] * across
    return upper + (lower - upper) * (y - top)
  }
}
