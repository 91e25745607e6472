import Foundation
import Frames
import Images

/// Folders of made footage, and the recipe that learns from it in seconds.
struct PretrainFootage {
  let root: URL

  /// An empty folder, whose name needs care in a shell.
  init() throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("footage é 'x' \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    try write(text: Self.recipe, to: "quick.yaml")
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func text(_ name: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }

  func data(_ name: String) throws -> Data {
    try Data(contentsOf: root.appendingPathComponent(name))
  }

  /// Every file below a folder, as paths relative to it.
  func files(below name: String = "") throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: path(name)))
  }

  /// The arguments that every run of these tests shares.
  var quick: [String] { ["--recipe", path("quick.yaml"), "--threads", "1"] }

  /// Small crops and batches; two stages.
  static let recipe = """
    base: tiny
    model: {imageHeight: 64, imageWidth: 32, embedding: 16}
    extraction: {minimumHeight: 24}
    schedule: {objective: both}
    simmim: {steps: 4, batch: 4, maskUnit: 16}
    isr: {steps: 4, pairsPerBatch: 2, gapMaximumStart: 1}
    report: {metricsEverySteps: 1}

    """

  // MARK: Clips

  /// What a made clip shows.
  enum Scene: Sendable {
    /// Three figures cross the picture of a fixed camera.
    case walk
    /// The same place without anybody.
    case empty
    /// The camera turns all the time.
    case turning
  }

  static let width = 192
  static let height = 144
  private static let figures: [(foot: Int, start: Int, speed: Int, colour: [UInt8])] = [
    (130, -20, 5, [170, 20, 30]), (100, 205, -4, [20, 30, 120]), (116, 30, 3, [20, 120, 40]),
  ]

  /// Writes a video of 10 frames a second.
  func write(_ scene: Scene, to name: String, frames: Int = 30) throws {
    let file = root.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let writer = try VideoWriter(
      path: file.path, width: Self.width, height: Self.height, framesPerSecond: 10)
    for frame in 0..<frames { try writer.append(Self.picture(of: scene, frame)) }
    try writer.finish()
  }

  /// Writes a video of two frames a second that shows the figures' 60 frames again and again.
  func writeRepeatedWalk(_ name: String, times: Int) throws {
    let writer = try VideoWriter(
      path: root.appendingPathComponent(name).path, width: Self.width, height: Self.height,
      framesPerSecond: 2)
    let pictures = (0..<60).map { Self.picture(of: .walk, $0) }
    for _ in 0..<times {
      for picture in pictures { try writer.append(picture) }
    }
    try writer.finish()
  }

  /// Writes the video of the figures and, beside it, their boxes in the form of MOTChallenge.
  func writeLabelledWalk(_ name: String = "walk.mp4", frames: Int = 30) throws {
    try write(.walk, to: name, frames: frames)
    let stem = (name as NSString).deletingPathExtension
    try writeBoxes(to: stem + ".txt", frames: frames)
  }

  /// Writes the boxes of the figures.
  func writeBoxes(to name: String, frames: Int = 30) throws {
    var lines = ""
    for frame in 0..<frames {
      for index in Self.figures.indices {
        let box = Self.box(index, frame)
        lines += "\(frame + 1),\(index + 1),\(box.left),\(box.top),\(box.width),\(box.height),1\n"
      }
    }
    try write(text: lines, to: name)
  }

  /// Writes the frames of the figures as numbered pictures.
  func writeNumberedWalk(_ folder: String, frames: Int = 30) throws {
    try FileManager.default.createDirectory(
      atPath: path(folder), withIntermediateDirectories: true)
    for frame in 0..<frames {
      let name = "\(folder)/frame \(frame + 1).png"
      try Self.picture(of: .walk, frame).write(to: root.appendingPathComponent(name))
    }
  }

  /// Writes a text, and the folders above it.
  func write(text: String, to name: String) throws {
    let file = root.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private static func box(_ figure: Int, _ frame: Int) -> (
    left: Int, top: Int, width: Int, height: Int
  ) {
    let (foot, start, speed, _) = figures[figure]
    let tall = foot / 3 + 8
    let wide = tall * 2 / 5
    return (start + speed * frame - wide / 2, foot - tall, wide, tall)
  }

  private static func picture(of scene: Scene, _ frame: Int) -> Image {
    let shift = scene == .turning ? frame * 11 : 0
    var pixels = [UInt8](repeating: 150, count: width * height * 3)
    pixels.withUnsafeMutableBufferPointer { pixels in
      for y in 0..<height {
        for x in 0..<width where ((x + shift) / 16 + y / 16) % 2 == 0 {
          for channel in 0..<3 { pixels[(y * width + x) * 3 + channel] = 195 }
        }
      }
      guard scene == .walk else { return }
      for index in figures.indices {
        let box = box(index, frame)
        let colour = figures[index].colour
        for y in box.top..<box.top + box.height {
          // Narrow at the head and dark at the legs.
          let inset = y < box.top + box.height / 6 ? box.width / 4 : 0
          let isLeg = y > box.top + box.height * 3 / 5
          for x in box.left + inset..<box.left + box.width - inset where x >= 0 && x < width {
            for channel in 0..<3 {
              pixels[(y * width + x) * 3 + channel] = isLeg ? colour[2 - channel] : colour[channel]
            }
          }
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }
}
