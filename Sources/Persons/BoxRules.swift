import Images

/// The rules a box must pass before its crop is used for pretraining.
///
/// Overlapping boxes on one person are removed because two crops of one person in one frame would
/// become false negatives of each other.
///
/// **Source**: the defaults are this project's own; only the need for suppression was argued for, the
/// limits were chosen for upright people in street footage.
public struct BoxRules: Sendable, Hashable, Codable {
  /// Smallest confidence.
  public var minimumConfidence = 0.5
  /// Smallest height in pixels.
  public var minimumHeight = 64.0
  /// Smallest height divided by width.
  public var minimumAspect = 1.2
  /// Largest height divided by width.
  public var maximumAspect = 4.5
  /// Smallest part of the box's area inside the frame, 0…1.
  public var minimumInside = 0.9
  /// Intersection over union above which the less sure one of two boxes goes, 0…1.
  public var suppressionOverlap = 0.6

  /// Makes the default rules.
  public init() {}

  /// Returns the boxes that pass, in the order given.
  ///
  /// Of two boxes of the same confidence the larger, then the earlier one stays.
  public func apply(_ boxes: [PersonBox], frameWidth: Int, frameHeight: Int) -> [PersonBox] {
    let frame = Rectangle(
      left: 0, top: 0, width: Double(frameWidth), height: Double(frameHeight))
    let passing = boxes.filter { accepts($0, in: frame) }
    let ranking = passing.indices.sorted { first, second in
      let a = passing[first]
      let b = passing[second]
      if a.confidence != b.confidence { return a.confidence > b.confidence }
      if a.rectangle.area != b.rectangle.area { return a.rectangle.area > b.rectangle.area }
      return first < second
    }
    var kept: [Int] = []
    for index in ranking {
      let rectangle = passing[index].rectangle
      let isFree = kept.allSatisfy {
        passing[$0].rectangle.intersectionOverUnion(rectangle) <= suppressionOverlap
      }
      if isFree { kept.append(index) }
    }
    return kept.sorted().map { passing[$0] }
  }

  private func accepts(_ box: PersonBox, in frame: Rectangle) -> Bool {
    let rectangle = box.rectangle
    guard
      rectangle.left.isFinite, rectangle.top.isFinite, rectangle.width.isFinite,
      rectangle.height.isFinite, rectangle.width > 0, box.confidence >= minimumConfidence,
      rectangle.height >= minimumHeight
    else { return false }
    let aspect = rectangle.height / rectangle.width
    guard aspect >= minimumAspect, aspect <= maximumAspect else { return false }
    let inside = rectangle.intersection(frame)?.area ?? 0
    return inside >= minimumInside * rectangle.area
  }
}
