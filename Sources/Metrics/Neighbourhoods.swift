internal import CMetrics

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The nearest neighbours of every image of a set within the set, and how far its farthest is.
struct Neighbourhoods: Sendable {
  /// Number of images.
  let count: Int
  /// Neighbours kept of each image.
  let length: Int
  /// `[images]`: largest squared Euclidean distance of unit rows, at least 1e-12.
  let maxima: [Float]
  /// `[images, length]`: nearest first, the image itself included, ties by index.
  private let neighbours: [Int32]

  /// Finds the neighbours in blocks of rows.
  init(features: [Float], width: Int, length: Int) throws(MetricsError) {
    let distances = try CosineDistances(query: features, gallery: features, width: width)
    let count = distances.galleryCount
    let kept = min(length, count)
    let rows = max(1, min(256, (1 << 24) / count))
    var block = [Float](repeating: 0, count: rows * count)
    var maxima: [Float] = []
    var neighbours: [Int32] = []
    neighbours.reserveCapacity(count * kept)
    for start in stride(from: 0, to: count, by: rows) {
      let range = start..<min(start + rows, count)
      block.withUnsafeMutableBufferPointer { buffer in
        let part = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * count)])
        distances.writeDistances(of: range, into: part)
        for (row, image) in range.enumerated() {
          // An image is its own nearest neighbour, whatever rounding says.
          part[row * count + image] = 0
          let line = part.baseAddress.map { $0 + row * count }
          maxima.append(max(2 * cx_clamp_and_find_largest(line, Int64(count)), 1e-12))
        }
        let lists = smallest(inRowsOf: UnsafeBufferPointer(part), columns: count, count: kept)
        for list in lists { neighbours += list.map { Int32($0.index) } }
      }
    }
    self.count = count
    self.length = kept
    self.maxima = maxima
    self.neighbours = neighbours
  }

  /// The first neighbours of an image, itself included.
  func nearest(of image: Int, count: Int) -> ArraySlice<Int32> {
    neighbours[(image * length)..<(image * length + min(count, length))]
  }

  /// R(image, k): its first k+1 among whose first k+1 it is, nearest first.
  func reciprocal(of image: Int, k: Int) -> [Int] {
    nearest(of: image, count: k + 1).compactMap { other in
      nearest(of: Int(other), count: k + 1).contains(Int32(image)) ? Int(other) : nil
    }
  }

  /// R(image, k) with the half-size sets of its members that mostly lie in it, ascending.
  func expandedReciprocal(of image: Int, k: Int, half: Int) -> [Int] {
    let members = Set(reciprocal(of: image, k: k))
    var expanded = members
    for member in members {
      let candidates = reciprocal(of: member, k: half)
      let overlap = candidates.count { members.contains($0) }
      // More than two thirds, in whole numbers.
      if 3 * overlap > 2 * candidates.count { expanded.formUnion(candidates) }
    }
    return expanded.sorted()
  }
}

/// e to the power of a number.
func exponential(_ value: Float) -> Float { expf(value) }

/// A number to the power of another.
func power(_ value: Float, _ exponent: Float) -> Float { powf(value, exponent) }
