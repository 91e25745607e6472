/// Who is filmed by which cameras for how long: everything that fixes a set of videos.
struct Cast: Codable {
  var seed: UInt64 = 1
  var people = 60
  var firstPerson = 1
  var cameras = 4
  var firstCamera = 1
  var seconds = 71.0
  var framesPerSecond = 10.0
  /// Frame rates that the cameras take in turn, as real ones differ; nil for ``framesPerSecond``
  /// everywhere.
  var cameraFrameRates: [Double]?
  var width = 640
  var height = 480
  /// Share of the people that a camera sees.
  var attendance = 0.85
  /// Share of the people in the colours of another one.
  var twinShare = 0.5
  /// Scale of the colour differences between cameras.
  var cameraShift = 1.0

  /// Frames in a camera's video.
  var frameCount: Int { max(1, Int((seconds * framesPerSecond).rounded())) }

  /// The cast as one camera films it, at its own frame rate.
  func filmed(by camera: Int) -> Cast {
    guard let rates = cameraFrameRates, !rates.isEmpty else { return self }
    var cast = self
    cast.framesPerSecond = rates[(camera - 1) % rates.count]
    return cast
  }

  /// The numbers of the cameras.
  var cameraNumbers: Range<Int> { firstCamera..<(firstCamera + cameras) }

  /// Draws the people.
  func identities() -> [Identity] {
    Identity.people(
      numbers: firstPerson...(firstPerson + people - 1), seed: seed, twinShare: Float(twinShare))
  }

  /// Sets up one camera with everybody who walks past it.
  func stage(camera: Int, people: [Identity], noise: Noise) throws(WalkersError) -> Stage {
    let viewpoint = Viewpoint(
      number: camera, seed: seed, width: width, height: height, strength: Float(cameraShift))
    let timetable = Timetable(
      people: people, viewpoint: viewpoint, seconds: Float(seconds),
      attendance: Float(attendance), seed: seed)
    return try Stage(
      viewpoint: viewpoint, people: people, timetable: timetable, noise: noise, seed: seed)
  }
}
