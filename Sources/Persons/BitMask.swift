import CVision

/// A picture of yes and no, 64 pixels to a word.
///
/// Rows are padded to whole words with zeros, the lowest bit is the leftmost pixel; see CVision.
struct BitMask: Equatable {
  let width: Int
  let height: Int
  var words: [UInt64]

  var wordsPerRow: Int { (width + 63) / 64 }
  var count: Int { words.withUnsafeBufferPointer { cvision_count($0.baseAddress, $0.count) } }

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    self.words = [UInt64](repeating: 0, count: (width + 63) / 64 * height)
  }

  subscript(x: Int, y: Int) -> Bool {
    get { words[y * wordsPerRow + x / 64] >> UInt64(x % 64) & 1 == 1 }
    set {
      let bit = UInt64(1) << UInt64(x % 64)
      if newValue {
        words[y * wordsPerRow + x / 64] |= bit
      } else {
        words[y * wordsPerRow + x / 64] &= ~bit
      }
    }
  }

  // MARK: Morphology

  /// Every pixel that the element, laid on a set pixel, covers.
  func dilated(by element: StructuringElement) -> BitMask {
    var result = BitMask(width: width, height: height)
    let reach = Int(element.halfWidths.max() ?? 0)
    let scratchCount = (reach + 1) * words.count
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: scratchCount) { scratch in
      words.withUnsafeBufferPointer { source in
        result.words.withUnsafeMutableBufferPointer { target in
          cvision_dilate(
            source.baseAddress, width, height, element.halfWidths,
            Int32(element.halfWidths.count), scratch.baseAddress, target.baseAddress)
        }
      }
    }
    return result
  }

  /// Every pixel where the element, laid on it, covers set pixels only; outside counts as set.
  func eroded(by element: StructuringElement) -> BitMask {
    inverted().dilated(by: element).inverted()
  }

  /// Without what is smaller than the element.
  func opened(by element: StructuringElement) -> BitMask {
    eroded(by: element).dilated(by: element)
  }

  /// With the gaps closed that are smaller than the element.
  func closed(by element: StructuringElement) -> BitMask {
    dilated(by: element).eroded(by: element)
  }

  func inverted() -> BitMask {
    var result = self
    result.words.withUnsafeMutableBufferPointer {
      cvision_invert($0.baseAddress, width, height)
    }
    return result
  }
}
