import Foundation

/// Where videos go and what is written beside them.
struct VideoOutput {
  /// The folder of the videos; the truth lies beside each as `<name>.gt.txt`.
  let folder: URL
  /// Constant rate factor of the encoder.
  var quality = 23
  /// Where boxes with detector-like errors go, as MOTChallenge text.
  var boxes = Boxes.none
  /// Start of every file name.
  var prefix = "camera-"
  /// Error of the boxes as a share of their size.
  var boxNoise: Float = 0.05

  /// Places for the noisy boxes.
  enum Boxes {
    /// Nowhere.
    case none
    /// A folder of their own, which is not found unless it is named.
    case folder(URL)
    /// Beside the video as `<name>.txt`, where the extraction looks by itself.
    case besideVideo
  }

  /// Starts the video of one camera.
  func open(camera: Int, cast: Cast) throws -> CameraVideo {
    try CameraVideo(output: self, camera: camera, cast: cast)
  }
}
