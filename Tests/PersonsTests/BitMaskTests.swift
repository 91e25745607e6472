import Testing

@testable import Persons

@Suite("Bit masks")
struct BitMaskTests {
  /// Widths around the word size, where shifts and padding can go wrong.
  static let sizes = [(1, 1), (63, 9), (64, 8), (65, 11), (130, 40), (200, 23)]

  private static func random(_ width: Int, _ height: Int, share: Int, seed: UInt64) -> BitMask {
    var state = seed
    var mask = BitMask(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        mask[x, y] = Int(state >> 33) % 100 < share
      }
    }
    return mask
  }

  private static func dilatedSlowly(_ mask: BitMask, by element: StructuringElement) -> BitMask {
    var result = BitMask(width: mask.width, height: mask.height)
    let reach = element.halfWidths.count / 2
    for y in 0..<mask.height {
      for x in 0..<mask.width {
        result[x, y] = element.halfWidths.indices.contains { row in
          let sourceRow = y + row - reach
          guard (0..<mask.height).contains(sourceRow) else { return false }
          let half = Int(element.halfWidths[row])
          return (max(0, x - half)...min(mask.width - 1, x + half)).contains { mask[$0, sourceRow] }
        }
      }
    }
    return result
  }

  @Test("Dilation equals its definition", arguments: sizes)
  func dilation(width: Int, height: Int) {
    let mask = Self.random(width, height, share: 6, seed: 1)
    for element in [StructuringElement.square(side: 3), .ellipse(width: 7, height: 15)] {
      #expect(mask.dilated(by: element) == Self.dilatedSlowly(mask, by: element))
    }
  }

  @Test("Erosion is dilation of the rest", arguments: sizes)
  func erosion(width: Int, height: Int) {
    let mask = Self.random(width, height, share: 80, seed: 2)
    let element = StructuringElement.square(side: 3)
    let expected = Self.dilatedSlowly(mask.inverted(), by: element).inverted()
    #expect(mask.eroded(by: element) == expected)
    #expect(mask.inverted().count == width * height - mask.count)
  }

  @Test("A full mask survives erosion at the border")
  func border() {
    let full = BitMask(width: 70, height: 5).inverted()
    #expect(full.count == 350)
    #expect(full.eroded(by: .square(side: 3)) == full)
  }

  @Test("Opening removes specks, closing fills gaps")
  func openingAndClosing() {
    var mask = BitMask(width: 100, height: 60)
    for y in 10..<50 {
      for x in 40..<70 where y != 30 { mask[x, y] = true }
    }
    var noisy = mask
    noisy[5, 5] = true
    #expect(noisy.opened(by: .square(side: 3)) == mask)
    let closed = mask.closed(by: .ellipse(width: 7, height: 15))
    #expect(closed.blobs().count == 1)
    #expect(closed.count == 40 * 30)
  }

  @Test("The ellipse has OpenCV's rows")
  func ellipse() {
    func rowSums(_ width: Int, _ height: Int) -> [Int] {
      StructuringElement.ellipse(width: width, height: height).halfWidths.map { Int($0) * 2 + 1 }
    }
    // cv2.getStructuringElement(MORPH_ELLIPSE, (w, h)) of OpenCV 5.0, summed along rows.
    #expect(rowSums(7, 15) == [1, 5, 5, 5, 7, 7, 7, 7, 7, 7, 7, 5, 5, 5, 1])
    #expect(rowSums(9, 19) == [1, 5, 7, 7, 7, 9, 9, 9, 9, 9, 9, 9, 9, 9, 7, 7, 7, 5, 1])
    #expect(rowSums(3, 7) == [1, 3, 3, 3, 3, 3, 1])
    #expect(rowSums(1, 1) == [1])
  }

  @Test("Blobs equal a flood fill", arguments: sizes, [15, 35, 50, 90])
  func blobs(size: (Int, Int), share: Int) {
    let mask = Self.random(size.0, size.1, share: share, seed: UInt64(share))
    #expect(mask.blobs() == Self.flooded(mask))
  }

  private static func flooded(_ mask: BitMask) -> [Blob] {
    var rest = mask
    var blobs: [Blob] = []
    for y in 0..<mask.height {
      for x in 0..<mask.width where rest[x, y] {
        var blob = Blob(left: x, top: y, right: x + 1, bottom: y + 1, area: 0)
        var open = [(x, y)]
        rest[x, y] = false
        while let (px, py) = open.popLast() {
          blob.left = min(blob.left, px)
          blob.top = min(blob.top, py)
          blob.right = max(blob.right, px + 1)
          blob.bottom = max(blob.bottom, py + 1)
          blob.area += 1
          for ny in max(0, py - 1)...min(mask.height - 1, py + 1) {
            for nx in max(0, px - 1)...min(mask.width - 1, px + 1) where rest[nx, ny] {
              rest[nx, ny] = false
              open.append((nx, ny))
            }
          }
        }
        blobs.append(blob)
      }
    }
    return blobs
  }

  @Test("Tiles count where enough of them is set")
  func tiles() {
    var mask = BitMask(width: 70, height: 40)
    #expect(mask.activeTileShare(threshold: 0.05) == 0)
    mask[0, 0] = true
    #expect(mask.activeTileShare(threshold: 0.05) == 0)
    for x in 32..<64 { mask[x, 3] = true; mask[x, 4] = true }
    // The last column of tiles is 6 pixels wide: 3 rows are 18 of 192 pixels.
    for x in 64..<70 { for y in 10..<13 { mask[x, y] = true } }
    #expect(mask.activeTileShare(threshold: 0.05) == 2.0 / 6.0)
  }
}
