import ArgumentParser
import Foundation

/// Writes the whole train and test protocol.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Writes training videos and labelled crops of other people in other cameras.",
    discussion: """
      OUTPUT/videos               one video per training camera, with camera-N.gt.txt
      OUTPUT/boxes                boxes with 5 % noise for --detections OUTPUT/boxes
      OUTPUT/bounding_box_train   labelled crops of the training people
      OUTPUT/query, OUTPUT/bounding_box_test   other people in other cameras
      OUTPUT/README.json          every setting and count

      Example:
        walkers benchmark --output benchmark --seed 1
      """)

  @Option(help: "Folder to write to.")
  var output: String

  @Option(help: "Seed of everything that is drawn.")
  var seed: UInt64 = 1

  @Option(help: "People on each side: training, and testing.")
  var people = 60

  @Option(help: "Cameras on each side (1…4).")
  var cameras = 4

  @Option(help: "Length of a camera's video in seconds.")
  var seconds = 71.0

  @Option(help: "Frames a second.")
  var fps = 10.0

  @Option(
    help: """
      Frames a second of the first camera, the second, and so on, in turn, such as 10,15,25. \
      (default: --fps for all)
      """)
  var cameraFps: FrameRates?

  @Option(help: "Scales the colour differences between cameras; 0 makes them equal.")
  var cameraShift = 1.0

  mutating func validate() throws {
    guard (2...4000).contains(people), (1...4).contains(cameras), seconds > 0, seconds <= 36000,
      (1...120).contains(fps), (0...3).contains(cameraShift)
    else {
      throw ValidationError(
        "--people must lie in 2…4000, --cameras in 1…4, --seconds in 0…36000, --fps in 1…120 "
          + "and --camera-shift in 0…3.")
    }
  }

  /// The settings and counts that a benchmark folder tells about itself.
  private struct Card: Codable {
    let generator: String
    let licence: String
    let boxNoise: Float
    let train: Cast
    let trainMade: Production.Summary
    let test: Cast
    let testMade: Production.Summary
  }

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    var train = Cast()
    train.seed = seed
    train.people = people
    train.cameras = cameras
    train.seconds = seconds
    train.framesPerSecond = fps
    train.cameraFrameRates = cameraFps?.values
    train.cameraShift = cameraShift
    var test = train
    test.firstPerson = people + 1
    test.firstCamera = cameras + 1
    var videos = VideoOutput(folder: folder.appendingPathComponent("videos"))
    videos.boxes = .folder(folder.appendingPathComponent("boxes"))
    let trainMade = try Production(
      cast: train, videos: videos, crops: CropOutput(folder: folder, isTraining: true)
    ).run(progress: Console.note)
    let testMade = try Production(cast: test, crops: CropOutput(folder: folder))
      .run(progress: Console.note)
    let card = Card(
      generator: "walkers benchmark", licence: "Apache-2.0", boxNoise: videos.boxNoise,
      train: train, trainMade: trainMade, test: test, testMade: testMade)
    try OutputFolder.write(
      try Console.encoder.encode(card), to: folder.appendingPathComponent("README.json"))
    Console.note("train: \(try Console.line(trainMade))")
    Console.note("test: \(try Console.line(testMade))")
  }
}
