/// Why footage cannot be read or written.
public enum VideoError: Error, Equatable, CustomStringConvertible {
  /// There is no file or folder at the path.
  case notFound(path: String)
  /// The file or folder exists but cannot be read.
  case unreadable(path: String, reason: String)
  /// The file holds something other than a video: text, or a single picture.
  case notVideo(path: String, reason: String)
  /// The container holds no video stream, or only a cover picture.
  case noVideoStream(path: String)
  /// The FFmpeg in use cannot decode the video's codec.
  case noDecoder(path: String, reason: String)
  /// Nothing of the video can be decoded.
  case noFrames(path: String, reason: String)
  /// A folder is not one series of numbered pictures.
  case notNumberedFrames(path: String, reason: String)
  /// A picture of a folder of numbered frames has another size than the first.
  case frameSizeDiffers(
    path: String, width: Int, height: Int, expectedWidth: Int, expectedHeight: Int)
  /// The given files and folders hold no footage.
  case noFootage(paths: [String])
  /// A video cannot be written.
  case unwritable(path: String, reason: String)

  /// A sentence that says what failed, where, why, and what to do.
  public var description: String {
    switch self {
    case .notFound(let path):
      "There is no file or folder “\(path)”; check the path."
    case .unreadable(let path, let reason):
      "“\(path)” cannot be read: \(reason)."
    case .notVideo(let path, let reason):
      "“\(path)” is not a video: \(reason)."
    case .noVideoStream(let path):
      "“\(path)” has no video stream; give a file with moving pictures."
    case .noDecoder(let path, let reason):
      "“\(path)” cannot be decoded: \(reason); convert it, for instance to H.264."
    case .noFrames(let path, let reason):
      "“\(path)” cannot be decoded: \(reason)."
    case .notNumberedFrames(let path, let reason):
      "The folder “\(path)” is not a series of numbered frames: \(reason)."
    case .frameSizeDiffers(let path, let width, let height, let expectedWidth, let expectedHeight):
      """
      The frame “\(path)” is \(width)×\(height) pixels where the first of its folder is \
      \(expectedWidth)×\(expectedHeight); bring the frames to one size.
      """
    case .noFootage(let paths):
      """
      No footage in \(paths.map { "“\($0)”" }.joined(separator: ", ")): give video files, or \
      folders that hold video files or numbered frames.
      """
    case .unwritable(let path, let reason):
      "The video “\(path)” cannot be written: \(reason)."
    }
  }
}
