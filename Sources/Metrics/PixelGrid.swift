public import Images

/// The colours of a small version of the picture, with its mean colour removed.
///
/// **Shape**: `[rows, columns, 3]` flattened, of unit length (zero for a picture of one colour).
public struct PixelGrid: ImageFeature {
  /// Name on the command line and in reports.
  public let name = "pixels"
  /// Cells from top to bottom.
  public let rows: Int
  /// Cells from left to right.
  public let columns: Int

  /// Sets the size of the small version.
  public init(rows: Int = 32, columns: Int = 16) {
    precondition(rows > 0 && columns > 0, "PixelGrid: \(rows)×\(columns) cells")
    self.rows = rows
    self.columns = columns
  }

  /// Number of values.
  public var width: Int { rows * columns * 3 }

  /// Describes a picture of any size.
  public func features(of image: Image) -> [Float] {
    var values = image.resized(width: columns, height: rows).pixels.map { Float($0) }
    var means: [Float] = [0, 0, 0]
    for (index, value) in values.enumerated() { means[index % 3] += value }
    for index in values.indices { values[index] -= means[index % 3] / Float(rows * columns) }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return values }
    return values.map { $0 / length }
  }
}
