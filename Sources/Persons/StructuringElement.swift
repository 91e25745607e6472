/// A shape for morphology, symmetric about its centre, with an odd number of rows.
struct StructuringElement: Sendable {
  /// How far each row reaches to both sides of the centre column, in pixels.
  let halfWidths: [Int32]

  /// A square of `side` (odd) pixels.
  static func square(side: Int) -> StructuringElement {
    StructuringElement(halfWidths: Array(repeating: Int32(side / 2), count: side))
  }

  /// An ellipse that fills a rectangle of odd sides in pixels.
  static func ellipse(width: Int, height: Int) -> StructuringElement {
    let columns = Double(width / 2)
    let rows = Double(height / 2)
    return StructuringElement(
      halfWidths: (0..<height).map { row in
        let offset = (Double(row) - rows) / max(rows, 1)
        return Int32((columns * (1 - offset * offset).squareRoot()).rounded(.toNearestOrEven))
      })
  }
}
