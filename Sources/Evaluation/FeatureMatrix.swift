public import Datasets

/// The features of pictures, and which of the pictures they belong to.
public struct FeatureMatrix: Sendable {
  /// `[images, width]`, row-major, of any length each.
  public var values: [Float] = []
  /// Length of a feature vector.
  public let width: Int
  /// Places in the list of pictures asked for, ascending; the others could not be decoded.
  public var kept: [Int] = []
  /// `[images]`: texts that are equal for pictures of equal pixels.
  public var pictureKeys: [String] = []
  /// Pictures that could not be decoded.
  public var skipped: [SkippedFile] = []
  /// Seconds from the first to the last picture.
  public var seconds = 0.0

  /// A matrix without rows yet.
  init(width: Int) {
    self.width = width
  }

  /// Number of rows.
  public var count: Int { kept.count }

  /// Pictures described in a second.
  public var imagesPerSecond: Double { seconds > 0 ? Double(count) / seconds : 0 }

  /// The values of some rows.
  public func rows(_ range: Range<Int>) -> [Float] {
    Array(values[(range.lowerBound * width)..<(range.upperBound * width)])
  }
}
