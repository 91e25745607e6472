import Foundation
import Synchronization
import Tensors

/// The last words of a command: an exit code, a text for each stream, said once.
struct CommandAnswer: Sendable, Hashable {
  var exit: CommandExit
  var standardOutput = ""
  var standardError = ""

  /// The answer to a failure: a sentence, and an object where JSON was asked for.
  init(_ failure: CommandFailure, command: String, json: Bool) {
    exit = failure.exit
    standardError = "\(command): \(failure.description)\n"
    if json { standardOutput = Self.json(["error": failure.description]) }
  }

  /// The answer to a request such as `--help`.
  init(text: String) {
    exit = .done
    standardOutput = text.hasSuffix("\n") ? text : text + "\n"
  }

  /// The answer of a command that did its work.
  init(result: any Encodable, json: Bool) throws {
    exit = .done
    if json {
      standardOutput = String(decoding: try Self.encoder.encode(result), as: UTF8.self) + "\n"
    }
  }

  /// Writes both texts and ends the process.
  ///
  /// Only the first answer of a process is given; a second one, from a signal that arrives while
  /// the first is written, waits for the end.
  func give() -> Never {
    Self.once.lock()
    try? FileHandle.standardError.write(contentsOf: Data(standardError.utf8))
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(standardOutput.utf8))
    } catch {
      let note = "The result cannot be written to standard output.\n"
      try? FileHandle.standardError.write(contentsOf: Data(note.utf8))
      _exit(CommandExit.cannotWrite.rawValue)
    }
    // Without the handlers of exit(): threads that still compute must not run into torn-down state.
    _exit(exit.rawValue)
  }

  /// Makes a process that runs out of memory print the object of an error before it ends.
  static func announceLackOfMemory() {
    Compute.announceLackOfMemory(before: "{\"error\":\"", after: "\"}\n")
  }

  private static let once = NSLock()

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static func json(_ object: [String: String]) -> String {
    // A dictionary of texts always encodes; an empty object keeps the contract if it ever does not.
    let data = (try? encoder.encode(object)) ?? Data("{}".utf8)
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
