/// Reads a video file, or a folder of numbered frames, from its start to its end.
///
/// Frames come upright and with square pixels, in decoding order, each with its presentation time
/// stamp; nothing is ever sought by frame number, which some files answer with other frames. A
/// thread decodes a few frames ahead. Memory does not grow with the length of the video.
///
/// A damaged file delivers what can be read: ``health`` counts what could not, and tells whether
/// the file was cut short. Interlaced video is delivered as stored.
///
/// ```swift
/// let reader = try VideoReader(path: "street.mp4", samplingRate: 2)
/// while let frame = try reader.next() {
///   print(frame.seconds, frame.image.width, frame.image.height)
/// }
/// ```
public final class VideoReader: Sendable {
  /// Frames per second that a folder of numbered frames is taken to have where nothing is said.
  public static let defaultNumberedFrameRate = 10.0

  private let frames: ReadAhead

  /// Opens a video and decodes its first frame.
  ///
  /// - Parameters:
  ///   - path: a file in any format that FFmpeg reads, or a folder of numbered pictures.
  ///   - samplingRate: frames per second to deliver, at most those of the file: the first frame
  ///     at or after each point of an even grid of time stamps. `nil` delivers every frame.
  ///   - maximumHeight: larger frames are scaled down to this height in pixels.
  ///   - threads: threads of the decoder, besides the one that reads ahead.
  ///   - numberedFrameRate: frames per second that a folder of numbered frames is taken to have.
  /// - Throws: ``VideoError`` if the path holds no video of which at least one frame is readable.
  public init(
    path: String, samplingRate: Double? = nil, maximumHeight: Int? = nil, threads: Int = 2,
    numberedFrameRate: Double = defaultNumberedFrameRate
  ) throws(VideoError) {
    precondition(
      samplingRate.map { $0 > 0 && $0.isFinite } ?? true,
      "VideoReader: samplingRate \(samplingRate ?? 0) must be above 0")
    precondition(
      maximumHeight.map { $0 > 0 } ?? true,
      "VideoReader: maximumHeight \(maximumHeight ?? 0) must be above 0")
    precondition(
      numberedFrameRate >= 0.001 && numberedFrameRate <= 1_000_000,
      "VideoReader: numberedFrameRate \(numberedFrameRate) must lie in 0.001…1000000")
    switch try FootageSearch.kind(of: path) {
    case .video:
      frames = ReadAhead(
        source: try VideoFile(path: path, maximumHeight: maximumHeight, threads: threads),
        samplingRate: samplingRate)
    case .numberedFrames:
      frames = ReadAhead(
        source: try NumberedFrameFolder(
          path: path, framesPerSecond: numberedFrameRate, maximumHeight: maximumHeight),
        samplingRate: samplingRate)
    }
  }

  deinit { frames.stop() }

  /// What the container and the first frame tell.
  public var information: VideoInformation { frames.information }

  /// How well the video could be read so far, the few frames read ahead included.
  public var health: FrameHealth { frames.health }

  /// Packets or pictures so far that were damaged or could not be decoded cleanly.
  public var damagedPackets: Int { health.damagedPackets }

  /// Whether the file ends before the end that its header announces; known after the last frame.
  public var isTruncated: Bool { health.isTruncated }

  /// Delivers the next frame, or `nil` after the last.
  ///
  /// - Throws: ``VideoError`` for a folder of numbered frames whose sizes differ.
  public func next() throws(VideoError) -> Frame? { try frames.next() }
}
