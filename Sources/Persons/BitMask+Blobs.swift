extension BitMask {
  /// The groups of set pixels that touch side by side or at corners, ordered by their first pixel in
  /// reading order.
  ///
  /// Runs of set pixels are joined with the runs of the row above by union-find, so the work follows
  /// the number of runs, not of pixels.
  func blobs() -> [Blob] {
    var parents: [Int] = []
    var blobs: [Blob] = []
    var above: Range<Int> = 0..<0
    for y in 0..<height {
      let first = blobs.count
      appendRuns(ofRow: y, to: &blobs)
      parents.append(contentsOf: first..<blobs.count)
      // Two pointers walk over both rows: runs touch if neither ends before the other begins.
      var candidate = above.lowerBound
      for run in first..<blobs.count {
        while candidate < above.upperBound, blobs[candidate].right < blobs[run].left {
          candidate += 1
        }
        var touching = candidate
        while touching < above.upperBound, blobs[touching].left <= blobs[run].right {
          Self.join(touching, run, in: &parents)
          touching += 1
        }
      }
      above = first..<blobs.count
    }
    return merged(blobs, parents: &parents)
  }

  private func appendRuns(ofRow y: Int, to runs: inout [Blob]) {
    let start = y * wordsPerRow
    var open: Int?
    words.withUnsafeBufferPointer { words in
      for index in 0..<wordsPerRow {
        let word = words[start + index]
        if word == 0, open == nil { continue }
        if word == .max, open != nil { continue }
        var x = 0
        while x < 64 {
          // The distance to the next change of colour, found by counting zeros.
          let rest = (open == nil ? word : ~word) >> UInt64(x)
          guard rest != 0 else { break }
          x += rest.trailingZeroBitCount
          if let left = open {
            runs.append(Self.run(left, index * 64 + x, y))
            open = nil
          } else {
            open = index * 64 + x
          }
        }
      }
    }
    if let left = open { runs.append(Self.run(left, width, y)) }
  }

  private static func run(_ left: Int, _ right: Int, _ y: Int) -> Blob {
    Blob(left: left, top: y, right: right, bottom: y + 1, area: right - left)
  }

  private static func root(_ index: Int, in parents: inout [Int]) -> Int {
    var index = index
    while parents[index] != index {
      parents[index] = parents[parents[index]]
      index = parents[index]
    }
    return index
  }

  /// The smaller number becomes the root, so a blob keeps the place of its first run.
  private static func join(_ first: Int, _ second: Int, in parents: inout [Int]) {
    let a = root(first, in: &parents)
    let b = root(second, in: &parents)
    if a < b { parents[b] = a } else { parents[a] = b }
  }

  private func merged(_ runs: [Blob], parents: inout [Int]) -> [Blob] {
    var result: [Blob] = []
    var places: [Int: Int] = [:]
    for index in runs.indices {
      let root = Self.root(index, in: &parents)
      guard let place = places[root] else {
        places[root] = result.count
        result.append(runs[index])
        continue
      }
      let run = runs[index]
      result[place].left = min(result[place].left, run.left)
      result[place].right = max(result[place].right, run.right)
      result[place].bottom = max(result[place].bottom, run.bottom)
      result[place].area += run.area
    }
    return result
  }
}
