import Foundation

/// The `ffmpeg` program, where the machine has it.
enum FFmpegProgram {
  static let path = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg", "/opt/homebrew/bin/ffmpeg"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }
}
