import Foundation
import Spelling

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What lies directly in a folder, links followed, hidden files left out, in natural order.
struct FolderListing {
  /// The folder.
  let path: String
  /// Names of sub-folders.
  private(set) var folders: [String] = []
  /// Names of files that look like pictures.
  private(set) var images: [String] = []
  /// Names of other files.
  private(set) var others: [String] = []
  /// Pictures that cannot be used: empty files, links into nothing.
  private(set) var skipped: [SkippedFile] = []

  /// Endings of still pictures that the Images room decodes.
  static let imageExtensions: Set<String> = [
    "jpg", "jpeg", "jpe", "png", "bmp", "gif", "pgm", "ppm", "pnm", "tif", "tiff", "webp", "tga",
    "jp2",
  ]

  /// Lists a folder.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw errno == ENOENT || errno == ENOTDIR
        ? DatasetError.missing(path: path)
        : DatasetError.cannotRead(path: path, reason: systemReason())
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw DatasetError.cannotRead(path: path, reason: "it is a file, not a folder")
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw DatasetError.cannotRead(path: path, reason: error.localizedDescription)
    }
    // `__MACOSX` holds shadow copies named like pictures in archives packed on a Mac.
    for name in names.sorted(by: NaturalOrder.precedes)
    where !name.hasPrefix(".") && name != "__MACOSX" {
      let isImage = Self.isImage(name)
      guard stat(path + "/" + name, &status) == 0 else {
        if isImage {
          skipped.append(SkippedFile(path: path + "/" + name, reason: systemReason()))
        }
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: folders.append(name)
      case S_IFREG where isImage && status.st_size == 0:
        skipped.append(SkippedFile(path: path + "/" + name, reason: "the file is empty"))
      case S_IFREG where isImage: images.append(name)
      default: others.append(name)
      }
    }
  }

  /// True for names with the ending of a still picture.
  static func isImage(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return imageExtensions.contains(name[name.index(after: dot)...].lowercased())
  }

  /// What is here, for messages: counts and the first five names.
  var found: String {
    let files = images + others
    let counts = [
      (images.count, "picture", "pictures"), (others.count, "other file", "other files"),
      (folders.count, "folder", "folders"),
    ].map { "\($0) \($0 == 1 ? $1 : $2)" }.joined(separator: ", ")
    let first = (files.isEmpty ? folders : files).prefix(5)
    guard !first.isEmpty else { return "it is empty" }
    return "found \(counts); first: " + first.map { "“\($0)”" }.joined(separator: ", ")
  }
}
