import Foundation
import Images

/// JPEG files to pictures of the network's size, on one thread.
enum PictureWork {
  static func reading(_ files: [URL], side: Int) throws -> Figure.Prepared {
    let sizes = try files.map {
      Double(try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
    }
    let bytes = sizes.reduce(0, +) + Double(files.count * side * side * 3)
    return .init(work: Double(files.count), floor: Floor(bytes: bytes)) {
      for file in files {
        let image = try Image(contentsOf: file, minimumWidth: side, minimumHeight: side)
        _ = image.resized(width: side, height: side)
      }
    }
  }
}
