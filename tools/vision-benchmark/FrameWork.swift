import Frames
import Images
import Persons

/// Video decoding, alone and with the detector for static cameras.
enum FrameWork {
  static func decoding(
    _ path: String, maximumHeight: Int?, threads: Int
  ) throws -> Figure.Prepared {
    func run() throws -> (frames: Int, bytes: Int) {
      let reader = try VideoReader(path: path, maximumHeight: maximumHeight, threads: threads)
      var (frames, bytes) = (0, 0)
      while let frame = try reader.next() {
        frames += 1
        bytes += frame.image.pixels.count
      }
      return (frames, bytes)
    }
    let (frames, bytes) = try run()
    guard frames > 0 else { throw BenchmarkError.emptyClip(path) }
    return .init(work: Double(frames), floor: Floor(bytes: Double(bytes))) { _ = try run() }
  }

  /// Boxes in every frame; the background was learned before, as in extraction.
  static func detecting(_ path: String, threads: Int) throws -> Figure.Prepared {
    var sampler = BackgroundSampler()
    var (frames, bytes) = (0, 0)
    let learner = try VideoReader(path: path, threads: threads)
    while let frame = try learner.next() {
      sampler.append(frame.image)
      frames += 1
      bytes += frame.image.pixels.count
    }
    guard frames > 0 else { throw BenchmarkError.emptyClip(path) }
    let detector = try StaticCameraDetector(backgroundFrom: sampler.frames)
    return .init(work: Double(frames), floor: Floor(bytes: Double(2 * bytes))) {
      let reader = try VideoReader(path: path, threads: threads)
      var boxes = 0
      while let frame = try reader.next() { boxes += detector.boxes(in: frame.image).count }
      guard boxes > 0 else { throw BenchmarkError.emptyClip(path) }
    }
  }
}
