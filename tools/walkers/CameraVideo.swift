import Foundation
import Frames
import Images

/// The video of one camera in the making, with its boxes in MOTChallenge text.
final class CameraVideo {
  private let output: VideoOutput
  private let cast: Cast
  private let name: String
  private let writer: VideoWriter
  private var random: CounterGenerator
  private var truthLines: [String] = []
  private var boxLines: [String] = []

  /// Creates the video file.
  init(output: VideoOutput, camera: Int, cast: Cast) throws {
    self.output = output
    self.cast = cast
    name = "\(output.prefix)\(camera)"
    random = CounterGenerator(seed: cast.seed, .boxNoise, camera)
    try OutputFolder.create(output.folder)
    writer = try VideoWriter(
      path: output.folder.appendingPathComponent("\(name).mp4").path, width: cast.width,
      height: cast.height, framesPerSecond: cast.framesPerSecond, quality: output.quality,
      keyFrameInterval: 100)
  }

  /// Adds a frame and what is known about it; frames count from 1.
  func append(_ image: Image, truth: [GroundTruth], frameNumber: Int) throws {
    try writer.append(image)
    for person in truth {
      let box = [person.left, person.top, person.width, person.height].map(Self.rounded)
      truthLines.append(
        "\(frameNumber),\(person.identity),\(box.joined(separator: ",")),1,1,"
          + Self.rounded(person.visibility, digits: 3))
      // A detector sees only what is in the picture and not mostly hidden.
      let noisy = person.jittered(
        output.boxNoise, pictureWidth: cast.width, pictureHeight: cast.height, random: &random)
      guard person.visibility > 0.3 else { continue }
      let line = [noisy.left, noisy.top, noisy.width, noisy.height].map(Self.rounded)
      boxLines.append(
        "\(frameNumber),\(person.identity),\(line.joined(separator: ",")),"
          + Self.rounded(0.5 + 0.5 * person.visibility, digits: 3) + ",-1,-1,-1")
    }
  }

  /// Ends the video and writes the text files.
  func finish() throws {
    try writer.finish()
    let video = output.folder.appendingPathComponent(name)
    try Self.write(truthLines, to: video.appendingPathExtension("gt.txt"))
    switch output.boxes {
    case .none: break
    case .besideVideo: try Self.write(boxLines, to: video.appendingPathExtension("txt"))
    case .folder(let folder):
      try OutputFolder.create(folder)
      try Self.write(boxLines, to: folder.appendingPathComponent("\(name).txt"))
    }
  }

  private static func write(_ lines: [String], to url: URL) throws {
    try OutputFolder.write(Data(lines.map { $0 + "\n" }.joined().utf8), to: url)
  }

  private static func rounded(_ value: Double) -> String { rounded(value, digits: 1) }

  private static func rounded(_ value: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }
}
