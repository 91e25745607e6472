public import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Every picture below a folder, without labels.
public struct ImageFolder: Sendable {
  /// Paths of the pictures, in natural order folder by folder; `root` is their beginning.
  public private(set) var paths: [String] = []
  /// Pictures that were left out, with the reason.
  public private(set) var skipped: [SkippedFile] = []

  /// Finds the pictures below `root`; links are followed, hidden files left out.
  ///
  /// - Throws: ``DatasetError`` if the folder is missing, unreadable, or holds no picture.
  public init(root: URL) throws(DatasetError) {
    try self.init(path: root.path)
    if paths.isEmpty {
      throw DatasetError.noImages(path: root.path, found: try FolderListing(root.path).found)
    }
  }

  /// Finds the pictures below `path`, which may hold none.
  init(path: String) throws(DatasetError) {
    try collect(path, ancestors: [])
  }

  /// Adds a folder; `ancestors` are the true places of the folders above it, against links in circles.
  private mutating func collect(_ path: String, ancestors: Set<String>) throws(DatasetError) {
    let listing = try FolderListing(path)
    let place = truePlace(path)
    guard !ancestors.contains(place) else { return }
    paths += listing.images.map { path + "/" + $0 }
    skipped += listing.skipped
    for folder in listing.folders {
      try collect(path + "/" + folder, ancestors: ancestors.union([place]))
    }
  }
}

/// A path with all links resolved.
private func truePlace(_ path: String) -> String {
  guard let resolved = realpath(path, nil) else { return path }
  defer { free(resolved) }
  return String(cString: resolved)
}
