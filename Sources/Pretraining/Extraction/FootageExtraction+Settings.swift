public import Datasets
import Foundation
import Frames
public import Persons

extension FootageExtraction {
  /// Where the boxes of a video come from.
  public enum BoxSource: String, Sendable, Codable, CaseIterable {
    /// A file of boxes beside the video if there is one, else the detector.
    case automatic
    /// A file of boxes; a video without one is skipped.
    case file
    /// The built-in detector for static cameras.
    case staticCamera
    /// No persons: windows that cover the whole frame, for masked image modelling only.
    case wholeFrame
  }

  /// What decides which crops come out of a video.
  public struct Settings: Sendable, Hashable, Codable {
    /// Frames per second of video that are looked at.
    public var samplingRate = 10.0
    /// Frames per second that a folder of numbered pictures is taken to have; nil for
    /// `VideoReader.defaultNumberedFrameRate`, under which a store has the print it always had.
    public var numberedFrameRate: Double?
    /// Width of a crop in pixels.
    public var cropWidth = 128
    /// Height of a crop in pixels.
    public var cropHeight = 256
    /// JPEG quality of stored crops, 1…100.
    public var quality = 95
    /// Where boxes come from.
    public var boxSource = BoxSource.automatic
    /// Which boxes are kept; whole frames are kept always.
    public var rules = BoxRules()
    /// Limits of the built-in detector.
    public var detector = StaticCameraDetector.Settings()
    /// Histogram distance of successive frames from which a shot is cut, 0…6.
    public var shotThreshold = 1.2
    /// Time gap between successive frames from which a shot is cut, in seconds.
    public var shotGapSeconds = 2.0
    /// Seconds of video that share one background; a longer video learns it anew, as light changes.
    public var backgroundSeconds = 600.0

    /// Makes the default settings.
    public init() {}

    /// Opens a video as these settings take it.
    func reader(
      of path: String, samplingRate: Double, threads: Int
    ) throws(VideoError) -> VideoReader {
      try VideoReader(
        path: path, samplingRate: samplingRate, threads: threads,
        numberedFrameRate: numberedFrameRate ?? VideoReader.defaultNumberedFrameRate)
    }

    /// Settings of the store that these crops go to.
    ///
    /// Equal settings give equal fingerprints, so a store is continued only where the crops of the
    /// videos to come are made like those of the videos it has.
    public var store: CropStoreSettings {
      CropStoreSettings(
        cropWidth: cropWidth, cropHeight: cropHeight, quality: quality,
        fingerprint: fingerprint)
    }

    private var fingerprint: String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      // A struct of finite numbers always encodes; a limit that is not finite still has a print.
      guard let data = try? encoder.encode(self) else { return "\(self)" }
      return String(decoding: data, as: UTF8.self)
    }
  }
}
