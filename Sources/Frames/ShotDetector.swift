import CMedia
public import Images

/// Finds the places where a video changes to another shot.
///
/// Two successive samples lie in different shots if the L1 distance of their colour histograms
/// exceeds a threshold, or if more time lies between them than within a running shot. A histogram
/// has 16 bins per channel, each channel summing to 1, so distances range over 0…6.
///
/// ```swift
/// var detector = ShotDetector()
/// let startsClip = detector.isCut(before: frame)
/// ```
public struct ShotDetector: Sendable {
  /// Histogram distance above which a cut is seen, 0…6.
  public let threshold: Double
  /// Gap of presentation times above which a cut is seen, in seconds.
  public let maximumGapSeconds: Double
  /// Histogram distance of the last two frames, `nil` before the second.
  public private(set) var lastDistance: Double?
  private var previous: (histogram: [Double], seconds: Double)?

  /// Makes a detector that has seen no frame.
  ///
  /// The defaults are design decisions without a published source; a threshold of 1.2 asks that
  /// a fifth of the pixel values fall into other bins.
  public init(threshold: Double = 1.2, maximumGapSeconds: Double = 2) {
    self.threshold = threshold
    self.maximumGapSeconds = maximumGapSeconds
  }

  /// Whether a cut lies between the frame given before and this one; never before the first.
  public mutating func isCut(before frame: Frame) -> Bool {
    let histogram = Self.histogram(of: frame.image)
    defer { previous = (histogram, frame.seconds) }
    guard let previous else { return false }
    var distance = 0.0
    for (old, new) in zip(previous.histogram, histogram) { distance += abs(old - new) }
    lastDistance = distance
    // A clock that was set back is a gap as well.
    return distance > threshold || abs(frame.seconds - previous.seconds) > maximumGapSeconds
  }

  /// The colour histogram of a picture.
  ///
  /// **Shape**: `[3 channels × 16 bins]`, each channel summing to 1.
  public static func histogram(of image: Image) -> [Double] {
    var bins = [UInt32](repeating: 0, count: 48)
    let pixels = image.width * image.height
    vision_video_histogram(image.pixels, pixels, &bins)
    return bins.map { Double($0) / Double(pixels) }
  }
}
