/// How persons are found in footage and cut out.
public struct ExtractionSettings: RecipeSettings {
  /// Where person boxes come from.
  public enum Detector: String, RecipeChoice {
    /// A sidecar where there is one, otherwise the background detector.
    case auto
    /// A MOTChallenge text file beside the video.
    case sidecar
    /// The built-in detector for static cameras.
    case background
    /// No persons: the whole frame is one picture, for masked image modelling only.
    case wholeFrame
  }

  /// Frames read for each second of video; frame pairs cannot be closer than its inverse.
  public var samplingRate = 10.0
  /// Frames per second that a folder of numbered pictures is taken to have.
  public var numberedFrameRate = 10.0
  /// Where person boxes come from.
  public var detector = Detector.auto
  /// Smallest confidence of a box that is kept, 0…1.
  public var minimumConfidence = 0.5
  /// Smallest height of a box that is kept, in pixels.
  public var minimumHeight = 64.0
  /// Smallest height divided by width of a box that is kept.
  public var minimumAspect = 1.2
  /// Largest height divided by width of a box that is kept.
  public var maximumAspect = 4.5
  /// Smallest share of a box inside the frame, 0…1.
  public var minimumInside = 0.9
  /// Overlap (intersection over union) from which the weaker of two boxes is dropped, 0…1.
  public var suppressionOverlap = 0.6
  /// Histogram distance of successive frames from which a shot is cut, 0…6.
  public var shotThreshold = 1.2
  /// Time gap between successive frames from which a shot is cut, in seconds.
  public var shotGapSeconds = 2.0
  /// JPEG quality of stored crops.
  public var cropQuality = 95

  /// The extraction of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ExtractionSettings>] = [
    .number("samplingRate", \.samplingRate, 0.01...240, "frames per second of video"),
    .number(
      "numberedFrameRate", \.numberedFrameRate, 0.01...1000,
      "frames per second of a folder of numbered pictures"),
    .choice("detector", \.detector, "where person boxes come from"),
    .number("minimumConfidence", \.minimumConfidence, 0...1, "of a box"),
    .number("minimumHeight", \.minimumHeight, 1...10_000, "of a box, in pixels"),
    .number("minimumAspect", \.minimumAspect, 0.01...100, "height / width of a box"),
    .number("maximumAspect", \.maximumAspect, 0.01...100, "height / width of a box"),
    .number("minimumInside", \.minimumInside, 0...1, "share of a box inside the frame"),
    .number(
      "suppressionOverlap", \.suppressionOverlap, 0...1,
      "overlap from which the weaker box goes"),
    .number("shotThreshold", \.shotThreshold, 0...6, "histogram distance of a shot cut"),
    .number("shotGapSeconds", \.shotGapSeconds, 0.01...3600, "time gap of a shot cut, seconds"),
    .integer("cropQuality", \.cropQuality, 1...100, "JPEG quality of stored crops"),
  ]
}
