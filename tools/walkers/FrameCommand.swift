import ArgumentParser
import Foundation
import Images

/// Writes a single frame.
struct FrameCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "frame",
    abstract: "Writes single frames as PNG, to look at.",
    discussion: """
      Example:
        walkers frame --output look --seed 1 --at 5 --at 12.5
      """)

  @Option(help: "Folder to write to.")
  var output: String

  @Option(help: "Second of the video; may be given several times.")
  var at: [Double] = [10]

  @OptionGroup var options: CastOptions

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    try OutputFolder.create(folder)
    let cast = options.cast
    let people = cast.identities()
    let noise = Noise(seed: cast.seed)
    for camera in cast.cameraNumbers {
      let stage = try cast.stage(camera: camera, people: people, noise: noise)
      for second in at {
        let index = Int((second * cast.framesPerSecond).rounded())
        let (image, truth) = stage.picture(
          at: Float(Double(index) / cast.framesPerSecond), frameNumber: index)
        let url = folder.appendingPathComponent("camera-\(camera)-frame-\(index).png")
        try image.write(to: url)
        Console.note("\(url.path): \(truth.count) people")
      }
    }
  }
}
