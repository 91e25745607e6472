import Foundation

/// Films a cast: renders every frame once and hands it to the writers that are asked for.
struct Production {
  /// Who is filmed.
  let cast: Cast
  /// Where videos and their truth go; nil films nothing.
  var videos: VideoOutput?
  /// Where labelled crops go; nil cuts none.
  var crops: CropOutput?

  /// What one production made.
  struct Summary: Codable {
    var frames = 0
    var boxes = 0
    var peopleSeen = 0
    var walks = 0
    var query = 0
    var gallery = 0
    var train = 0
  }

  /// Films all cameras, one after the other.
  ///
  /// - Parameter progress: is told a line about each camera.
  func run(progress: (String) -> Void) throws -> Summary {
    let people = cast.identities()
    let noise = Noise(seed: cast.seed)
    var summary = Summary()
    var seen: Set<Int> = []
    for camera in self.cast.cameraNumbers {
      let cast = self.cast.filmed(by: camera)
      var renderSeconds = 0.0
      let stage = try cast.stage(camera: camera, people: people, noise: noise)
      let video = try videos?.open(camera: camera, cast: cast)
      var cutter = crops.map { CropCutter(output: $0, cast: cast, viewpoint: stage.viewpoint) }
      for index in 0..<cast.frameCount {
        let start = Date()
        let (image, truth) = stage.picture(
          at: Float(Double(index) / cast.framesPerSecond), frameNumber: index)
        renderSeconds += Date().timeIntervalSince(start)
        summary.boxes += truth.count
        for person in truth { seen.insert(person.identity) }
        try video?.append(image, truth: truth, frameNumber: index + 1)
        try cutter?.consider(image, truth: truth, frameNumber: index + 1)
      }
      try video?.finish()
      if let counts = try cutter?.write() {
        summary.query += counts.query
        summary.gallery += counts.gallery
        summary.train += counts.train
      }
      summary.frames += cast.frameCount
      summary.walks += stage.timetable.walks.count
      progress(
        "camera \(camera): \(cast.frameCount) frames, \(stage.timetable.walks.count) walks, "
          + String(format: "%.1f ms a picture", renderSeconds * 1000 / Double(cast.frameCount)))
    }
    summary.peopleSeen = seen.count
    return summary
  }
}
