import Foundation
import Spelling

/// The state of one search: what was found, and where the search has been.
struct FootageSearch {
  private(set) var found: [(path: String, kind: FootageItem.Kind)] = []
  private var others: [(path: String, identity: FileIdentity)] = []
  /// Files and folders by device and number: links may lead to one twice, or in circles.
  private var visited: Set<FileIdentity> = []

  private struct FileIdentity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  /// Files that were passed over because of the end of their names, each once, and not named besides.
  var otherFiles: [String] {
    var seen = visited
    return others.filter { seen.insert($0.identity).inserted }.map(\.path)
  }

  /// Adds a path that was named: a file as it is, a folder with all below it.
  mutating func add(_ path: String) throws(VideoError) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let entry = try Self.existing(path)
    guard entry.isFolder else {
      if visited.insert(entry.identity).inserted { found.append((path, .video)) }
      return
    }
    // A named folder that may not be listed is an error at once; below it, it is an item.
    _ = try Self.names(in: path)
    search(path, identity: entry.identity)
  }

  private mutating func search(_ folder: String, identity: FileIdentity) {
    guard visited.insert(identity).inserted else { return }
    guard let names = try? Self.names(in: folder) else {
      found.append((folder, .numberedFrames))
      return
    }
    let series = NumberedFrames(in: names)
    if series != nil { found.append((folder, .numberedFrames)) }
    let frames = Set(series?.names ?? [])
    for name in names where !name.hasPrefix(".") {
      let path = folder == "/" ? "/" + name : folder + "/" + name
      guard let entry = Self.look(path) else { continue }
      if entry.isFolder {
        search(path, identity: entry.identity)
      } else if entry.isFile, Self.hasVideoExtension(name) {
        if visited.insert(entry.identity).inserted { found.append((path, .video)) }
      } else if entry.isFile, !frames.contains(name) {
        others.append((path, entry.identity))
      }
    }
  }

  /// The names in a folder in natural order.
  static func names(in folder: String) throws(VideoError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .sorted(by: NaturalOrder.precedes)
    } catch {
      throw VideoError.unreadable(path: folder, reason: "the folder cannot be listed")
    }
  }

  private static func hasVideoExtension(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return Footage.extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  /// How ``VideoReader`` has to read a path: any folder as numbered frames.
  static func kind(of path: String) throws(VideoError) -> FootageItem.Kind {
    try existing(path).isFolder ? .numberedFrames : .video
  }

  /// Why footage cannot be opened, in a few words; nil if it can.
  ///
  /// Nothing is decoded.
  static func problem(of path: String, kind: FootageItem.Kind) -> String? {
    guard look(path) != nil else { return String(cString: strerror(errno)) }
    switch kind {
    case .video:
      return access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
    case .numberedFrames:
      guard let names = try? names(in: path) else { return "the folder cannot be listed" }
      return NumberedFrames(in: names) == nil ? "it holds no numbered pictures" : nil
    }
  }

  private static func existing(_ path: String) throws(VideoError) -> Entry {
    guard let entry = look(path) else {
      let reason = errno
      if reason == ENOENT || reason == ENOTDIR { throw VideoError.notFound(path: path) }
      throw VideoError.unreadable(path: path, reason: String(cString: strerror(reason)))
    }
    return entry
  }

  private struct Entry {
    let isFolder: Bool
    let isFile: Bool
    let identity: FileIdentity
  }

  /// What lies at a path, links followed; sets `errno` when nothing does.
  private static func look(_ path: String) -> Entry? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let kind = mode_t(status.st_mode) & S_IFMT
    return Entry(
      isFolder: kind == S_IFDIR, isFile: kind == S_IFREG,
      identity: FileIdentity(
        device: UInt64(truncatingIfNeeded: status.st_dev),
        number: UInt64(truncatingIfNeeded: status.st_ino)))
  }
}
