/// The positions of a list in an order of which every beginning is spread evenly over the list.
///
/// Positions are sorted by their binary digits read backwards: of eight, 0, 4, 2, 6, 1, 5, 3, 7.
/// **Source**: J. G. van der Corput, "Verteilungsfunktionen", 1935.
struct SpreadOrder: Sequence {
  private let positions: [Int]

  init(count: Int) {
    let bits = Swift.max(1, Int.bitWidth - Swift.max(count - 1, 0).leadingZeroBitCount)
    positions = (0..<(1 << bits)).lazy.map { number in
      (0..<bits).reduce(0) { $0 | (number >> $1 & 1) << (bits - 1 - $1) }
    }.filter { $0 < count }
  }

  func makeIterator() -> IndexingIterator<[Int]> { positions.makeIterator() }
}
