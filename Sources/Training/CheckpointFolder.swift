public import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a checkpoint could not be written or read.
public enum CheckpointError: Error, Sendable, CustomStringConvertible {
  /// The folder holds no complete checkpoint.
  case missing(path: String)
  /// A file of the checkpoint cannot be understood.
  case damaged(path: String, reason: String)
  /// The system refuses to write.
  case unwritable(path: String, reason: String)

  /// One sentence for the person who runs the training.
  public var description: String {
    switch self {
    case .missing(let path):
      "There is no complete checkpoint in \(path), so there is nothing to resume; start the run again "
        + "without --resume."
    case .damaged(let path, let reason):
      "The checkpoint \(path) cannot be used: \(reason)."
    case .unwritable(let path, let reason):
      "The checkpoint \(path) cannot be written: \(reason)."
    }
  }
}

/// A folder of files that is replaced as a whole, so that a kill at any instant leaves a complete one.
///
/// The new folder is written beside the old one, synced, and moved into place; the old one is moved
/// away first and deleted last. ``recover()`` finishes or undoes a replacement that was cut off.
public struct CheckpointFolder: Sendable {
  /// Where the checkpoint lives.
  public let url: URL
  private var incoming: URL { url.appendingPathExtension("new") }
  private var outgoing: URL { url.appendingPathExtension("old") }

  /// The last file to be written; a folder without it is not complete.
  public static let seal = "state.json"

  /// Names a checkpoint folder; nothing is created.
  public init(_ url: URL) {
    self.url = url
  }

  /// Whether a complete checkpoint exists, after ``recover()``.
  public var exists: Bool { isComplete(url) }

  private func isComplete(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(Self.seal).path)
  }

  /// The state that seals the newest complete checkpoint, found without ``recover()``; nil where there
  /// is none.
  ///
  /// - Throws: ``CheckpointError/damaged(path:reason:)`` where it cannot be understood.
  public func state<State: Decodable>(_ type: State.Type) throws(CheckpointError) -> State? {
    let found = [url, incoming, outgoing].lazy.compactMap {
      FileManager.default.contents(atPath: $0.appendingPathComponent(Self.seal).path)
    }.first
    guard let found else { return nil }
    do {
      return try JSONDecoder().decode(type, from: found)
    } catch DecodingError.keyNotFound(let key, _) {
      throw .damaged(
        path: url.path,
        reason:
          "its \(Self.seal) has no \"\(key.stringValue)\", so another version wrote it; continue "
          + "the run with that version, or start again from its best model")
    } catch {
      throw .damaged(path: url.path, reason: "its \(Self.seal) cannot be understood (\(error))")
    }
  }

  /// Finishes or undoes a replacement that was interrupted.
  public func recover() {
    let files = FileManager.default
    if !isComplete(url) {
      // The old folder was already moved away: the new one is complete if it bears the seal.
      for candidate in [incoming, outgoing] where isComplete(candidate) {
        try? files.removeItem(at: url)
        try? files.moveItem(at: candidate, to: url)
        break
      }
    }
    guard isComplete(url) else { return }
    try? files.removeItem(at: incoming)
    try? files.removeItem(at: outgoing)
  }

  /// Replaces the checkpoint by what `fill` writes; `state` is written last and seals it.
  ///
  /// - Throws: what `fill` throws, or ``CheckpointError/unwritable(path:reason:)``. The old checkpoint
  ///   is kept then.
  public func replace(state: Data, fill: (URL) throws -> Void) throws {
    let files = FileManager.default
    do {
      recover()
      try? files.removeItem(at: incoming)
      try files.createDirectory(at: incoming, withIntermediateDirectories: true)
      try fill(incoming)
      try state.write(to: incoming.appendingPathComponent(Self.seal), options: .atomic)
      for name in try files.contentsOfDirectory(atPath: incoming.path) {
        try synchronize(incoming.appendingPathComponent(name))
      }
      synchronizeFolder(incoming)
      // What is left of an older, incomplete folder would block the move.
      try? files.removeItem(at: outgoing)
      if files.fileExists(atPath: url.path) { try files.moveItem(at: url, to: outgoing) }
      try files.moveItem(at: incoming, to: url)
      // Both names must be on the disk before the old checkpoint goes: a power cut may come next.
      synchronizeFolder(url.deletingLastPathComponent())
      try? files.removeItem(at: outgoing)
    } catch let error as CocoaError {
      throw CheckpointError.unwritable(path: url.path, reason: error.localizedDescription)
    }
  }

  private func synchronize(_ file: URL) throws {
    let handle = try FileHandle(forUpdating: file)
    try handle.synchronize()
    try handle.close()
  }

  /// Writes the names in a folder through to the disk, where the file system can.
  private func synchronizeFolder(_ folder: URL) {
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    _ = close(descriptor)
  }
}
