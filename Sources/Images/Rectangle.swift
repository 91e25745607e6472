/// A box in a picture, in pixels; `(0, 0)` is the top-left corner of the picture, not the centre
/// of its first pixel.
///
/// The pixel in column `x` and row `y` covers `x ..< x + 1` and `y ..< y + 1`. A box may reach
/// beyond the picture.
public struct Rectangle: Sendable, Hashable, Codable {
  /// The left edge, in pixels.
  public var left: Double
  /// The top edge, in pixels.
  public var top: Double
  /// The width, in pixels.
  public var width: Double
  /// The height, in pixels.
  public var height: Double

  /// Makes a box from its top-left corner and its size, all in pixels.
  public init(left: Double, top: Double, width: Double, height: Double) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  /// The right edge, in pixels.
  public var right: Double { left + width }

  /// The bottom edge, in pixels.
  public var bottom: Double { top + height }

  /// The area in square pixels; 0 for a box without width or height.
  public var area: Double { max(width, 0) * max(height, 0) }

  /// The part both boxes cover, or `nil` if that has no area.
  public func intersection(_ other: Rectangle) -> Rectangle? {
    let left = max(self.left, other.left)
    let top = max(self.top, other.top)
    let width = min(right, other.right) - left
    let height = min(bottom, other.bottom) - top
    guard width > 0, height > 0 else { return nil }
    return Rectangle(left: left, top: top, width: width, height: height)
  }

  /// The area both boxes cover over the area either covers, 0…1; 0 if both are without area.
  public func intersectionOverUnion(_ other: Rectangle) -> Double {
    guard let shared = intersection(other)?.area else { return 0 }
    return shared / (area + other.area - shared)
  }
}
