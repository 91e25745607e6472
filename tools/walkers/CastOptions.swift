import ArgumentParser

/// Flags about the people and the look of the cameras, shared by all subcommands.
struct CastOptions: ParsableArguments {
  @Option(help: "Seed of everything that is drawn.")
  var seed: UInt64 = 1

  @Option(help: "Number of people.")
  var people = 60

  @Option(help: "Number of the first person.")
  var firstPerson = 1

  @Option(help: "Number of cameras.")
  var cameras = 4

  @Option(help: "Number of the first camera (1…9).")
  var firstCamera = 1

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

  @Option(help: "Width of the picture in pixels, even.")
  var width = 640

  @Option(help: "Height of the picture in pixels, even.")
  var height = 480

  @Option(help: "Share of the people that a camera sees (0…1).")
  var attendance = 0.85

  @Option(help: "Share of the people who wear the upper and lower colour of another one (0…1).")
  var twins = 0.5

  @Option(help: "Scales the colour differences between cameras; 0 makes them equal.")
  var cameraShift = 1.0

  mutating func validate() throws {
    guard people >= 1, people <= 9000, firstPerson >= 1, firstPerson + people <= 10000 else {
      throw ValidationError("--people and --first-person must give numbers in 1…9999.")
    }
    guard cameras >= 1, firstCamera >= 1, firstCamera + cameras <= 10 else {
      throw ValidationError("--cameras and --first-camera must give numbers in 1…9.")
    }
    guard seconds > 0, seconds <= 36000, fps >= 1, fps <= 120 else {
      throw ValidationError("--seconds must lie in 0…36000 and --fps in 1…120.")
    }
    guard (64...4096).contains(width), (64...4096).contains(height), width % 2 == 0,
      height % 2 == 0
    else {
      throw ValidationError("--width and --height must be even and lie in 64…4096.")
    }
    guard (0...1).contains(attendance), attendance > 0, (0...1).contains(twins),
      (0...3).contains(cameraShift)
    else {
      throw ValidationError(
        "--attendance and --twins are shares in 0…1, --camera-shift lies in 0…3.")
    }
  }

  /// The cast as plain values.
  var cast: Cast {
    var cast = Cast(
      seed: seed, people: people, firstPerson: firstPerson, cameras: cameras,
      firstCamera: firstCamera, seconds: seconds, framesPerSecond: fps, width: width,
      height: height, attendance: attendance, twinShare: twins, cameraShift: cameraShift)
    cast.cameraFrameRates = cameraFps?.values
    return cast
  }
}
