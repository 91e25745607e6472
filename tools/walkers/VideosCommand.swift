import ArgumentParser
import Foundation

/// Writes one video per camera.
struct VideosCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "videos",
    abstract: "Writes one H.264 video per camera, with the true boxes beside it.",
    discussion: """
      camera-1.mp4 comes with camera-1.gt.txt, lines of
      frame,identity,left,top,width,height,1,1,visibility (MOTChallenge ground truth).

      Example:
        walkers videos --output footage --seed 1 --people 60 --cameras 4 --seconds 71
      """)

  @Option(help: "Folder to write to.")
  var output: String

  @OptionGroup var options: CastOptions

  @Option(help: "Constant rate factor of the video: 18 looks like the source, 30 is small.")
  var crf = 23

  @Option(
    help: """
      Boxes with 5 % noise: none, folder (OUTPUT/boxes, for --detections) or sidecar (beside \
      the video, where extraction finds them by itself).
      """)
  var boxes = BoxPlace.none

  @Option(help: "Error of those boxes as a share of their size.")
  var boxNoise: Float = 0.05

  enum BoxPlace: String, ExpressibleByArgument, CaseIterable {
    case none, folder, sidecar
  }

  mutating func validate() throws {
    guard (0...51).contains(crf), (0...0.5).contains(boxNoise) else {
      throw ValidationError("--crf must lie in 0…51 and --box-noise in 0…0.5.")
    }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    var videos = VideoOutput(folder: folder, quality: crf, boxNoise: boxNoise)
    switch boxes {
    case .none: break
    case .folder: videos.boxes = .folder(folder.appendingPathComponent("boxes"))
    case .sidecar: videos.boxes = .besideVideo
    }
    let production = Production(cast: options.cast, videos: videos)
    let summary = try production.run(progress: Console.note)
    Console.note("\(folder.path): \(try Console.line(summary))")
  }
}
