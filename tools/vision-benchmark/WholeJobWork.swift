import Foundation
import Frames

/// The whole job: a real video, persons found in it, pairs mined, a network trained on them.
///
/// One call starts `vision-pretrain` with its recipe `tiny` for 100 steps of eight frame pairs, one pass
/// over the footage's 795 frames, and ends when the run folder is complete.
enum WholeJobWork {
  /// Name of the footage in the benchmark's folder.
  static let footage = "footage.avi"
  private static let steps = 100

  static func prepare(_ materials: Materials) throws -> Figure.Prepared {
    let video = materials.folder.appending(path: footage)
    let run = materials.folder.appending(path: "whole-job")
    // Built beside the benchmark by tools/benchmark.
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "vision-pretrain")
    let frames = try VideoReader(path: video.path).information.frameCountEstimate ?? 0
    guard frames > 0 else { throw BenchmarkError.emptyClip(video.path) }
    return .init(work: Double(frames), floor: Floor()) {
      try? FileManager.default.removeItem(at: run)
      let process = Process()
      process.executableURL = program
      process.arguments = [
        video.path, "--recipe", "tiny", "--steps", String(steps), "--threads",
        String(materials.threads), "--output", run.path, "--quiet",
      ]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw BenchmarkError.worker(
          name: program.lastPathComponent, reason: "exit code \(process.terminationStatus)")
      }
    }
  }

  /// Puts the footage into the benchmark's folder, where the peer finds it too.
  ///
  /// - Parameters:
  ///   - given: a video of a fixed camera, or `nil` for the one that `script` gets.
  ///   - script: `tools/fetch-footage`.
  static func provide(_ given: String?, script: URL, in folder: URL) throws {
    let source = try given.map { URL(fileURLWithPath: $0) } ?? fetched(by: script)
    let target = folder.appending(path: footage)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try? FileManager.default.removeItem(at: target)
      try FileManager.default.copyItem(at: source, to: target)
    } catch {
      throw BenchmarkError.noFootage("\(source.path) cannot be copied to \(target.path)")
    }
  }

  private static func fetched(by script: URL) throws -> URL {
    let (process, output) = (Process(), Pipe())
    process.executableURL = script
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw BenchmarkError.noFootage("tools/fetch-footage got none, see above")
    }
    return URL(fileURLWithPath: text.trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
