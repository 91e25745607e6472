import Foundation

/// Finds footage on disk.
public enum Footage {
  /// Extensions by which a folder's files are taken for videos, in lower case.
  public static let extensions: Set<String> = [
    "mp4", "m4v", "mov", "qt", "avi", "divx", "mkv", "mk3d", "webm", "mpg", "mpeg", "mpe", "m1v",
    "m2v", "m2p", "vob", "ts", "m2t", "mts", "m2ts", "tp", "trp", "wmv", "asf", "flv", "f4v", "3gp",
    "3g2", "ogv", "ogm", "mjpg", "mjpeg", "mxf", "dv", "y4m", "h264", "264", "avc", "h265", "265",
    "hevc", "ivf", "obu", "nut", "rm", "rmvb", "amv", "gxf", "mve", "roq", "dav",
  ]

  /// Finds the footage in files and folders.
  ///
  /// A file that is named is always taken. A folder is searched with its subfolders: files with
  /// one of ``extensions`` count, and so does every folder that holds a series of numbered
  /// pictures; hidden entries and all other files are passed over. Whether a file can be decoded
  /// shows only when it is opened. A subfolder that may not be listed becomes an item as well, so
  /// that opening it tells the reason.
  ///
  /// - Returns: the footage as ``search(_:)`` finds it.
  /// - Throws: ``VideoError`` if a path does not exist or nothing is found.
  public static func find(_ paths: [String]) throws(VideoError) -> [FootageItem] {
    try search(paths).items
  }

  /// Finds the footage in files and folders, as ``find(_:)`` does, and tells what it passed over.
  ///
  /// - Returns: the footage in the order of the paths given, folders in natural order of names,
  ///   each file or folder once even if links lead to it twice.
  /// - Throws: ``VideoError`` if a path does not exist or nothing is found.
  public static func search(_ paths: [String]) throws(VideoError) -> FootageFindings {
    var search = FootageSearch()
    for path in paths { try search.add(path) }
    guard !search.found.isEmpty else { throw VideoError.noFootage(paths: paths) }
    let names = shortNames(search.found.map(\.path))
    let items = zip(search.found, names).map { item, name in
      FootageItem(
        path: item.path, name: name, kind: item.kind,
        problem: FootageSearch.problem(of: item.path, kind: item.kind))
    }
    return FootageFindings(items: items, otherFiles: search.otherFiles)
  }

  /// The last components of each path, as many as tell it from the others.
  static func shortNames(_ paths: [String]) -> [String] {
    let components = paths.map { $0.split(separator: "/") }
    var lengths = [Int](repeating: 1, count: paths.count)
    while true {
      let names = zip(components, lengths).map { parts, length in
        parts.isEmpty ? "/" : parts.suffix(length).joined(separator: "/")
      }
      let clashes = Dictionary(grouping: names.indices) { names[$0] }.values.filter {
        $0.count > 1
      }
      var isLonger = false
      for index in clashes.joined() where lengths[index] < components[index].count {
        lengths[index] += 1
        isLonger = true
      }
      // Paths that are alike to the end ("a/b" and "/a/b") keep the whole path.
      if !isLonger {
        var result = names
        for index in clashes.joined() { result[index] = paths[index] }
        return result
      }
    }
  }
}
