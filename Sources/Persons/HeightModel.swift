public import Images

/// How tall a standing person looks, by the picture row of the feet.
///
/// On flat ground, seen by a level camera, the height in pixels is linear in the row of the feet. The
/// line is fitted to all boxes of a clip; boxes far from it are shadows, groups, or parts of people.
///
/// ```
/// height = slope · foot + intercept
/// ```
///
/// **Source**: the perspective argument of Hoiem, Efros, Hebert, Putting Objects in Perspective,
/// CVPR 2006; the trimmed least squares and its numbers are this project's own.
public struct HeightModel: Sendable, Hashable, Codable {
  /// Height gained per row that the feet are lower in the picture.
  public let slope: Double
  /// Height in pixels at foot row 0, usually negative or small.
  public let intercept: Double
  /// Largest deviation from the line, as a part of the height on the line.
  public let gate: Double

  /// Fewer boxes than this say nothing about the ground.
  static let minimumBoxes = 12
  /// A waving hand reaches one half, people on a street more than nine tenths.
  private static let minimumAgreement = 0.6
  private static let rounds = 6

  /// Fits the line to boxes in rounds of least squares, each without the boxes outside the gate.
  ///
  /// Returns nil if there are fewer than 12 boxes, or if the line explains less than six
  /// tenths of them.
  public init?(fitting boxes: [Rectangle], gate: Double = 0.25) {
    guard boxes.count >= Self.minimumBoxes else { return nil }
    var kept = boxes
    var line = (slope: 0.0, intercept: 0.0)
    for _ in 0..<Self.rounds {
      line = Self.leastSquares(kept)
      kept = boxes.filter { Self.accepts($0, line.slope, line.intercept, gate) }
      guard kept.count >= Self.minimumBoxes else { return nil }
    }
    guard Double(kept.count) >= Self.minimumAgreement * Double(boxes.count) else { return nil }
    self.slope = line.slope
    self.intercept = line.intercept
    self.gate = gate
  }

  /// The height on the line, in pixels.
  public func expectedHeight(foot: Double) -> Double { slope * foot + intercept }

  /// Whether a box is about as tall as a person at its place.
  public func accepts(_ box: Rectangle) -> Bool {
    Self.accepts(box, slope, intercept, gate)
  }

  private static func accepts(
    _ box: Rectangle, _ slope: Double, _ intercept: Double, _ gate: Double
  ) -> Bool {
    let expected = slope * box.bottom + intercept
    return expected > 0 && abs(box.height - expected) <= gate * expected
  }

  private static func leastSquares(_ boxes: [Rectangle]) -> (slope: Double, intercept: Double) {
    let count = Double(boxes.count)
    let meanFoot = boxes.reduce(0) { $0 + $1.bottom } / count
    let meanHeight = boxes.reduce(0) { $0 + $1.height } / count
    var variance = 0.0
    var covariance = 0.0
    for box in boxes {
      variance += (box.bottom - meanFoot) * (box.bottom - meanFoot)
      covariance += (box.bottom - meanFoot) * (box.height - meanHeight)
    }
    // Feet within a row or so of each other leave the slope open: a level line is the safe answer.
    guard variance > count else { return (0, meanHeight) }
    let slope = covariance / variance
    return (slope, meanHeight - slope * meanFoot)
  }
}
