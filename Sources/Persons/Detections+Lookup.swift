public import Foundation

extension Detections {
  /// The file of boxes that belongs to a video, or nil.
  ///
  /// For `walk.mp4` these are tried in turn: `walk.mp4.txt` and `walk.txt` beside it, then
  /// `walk/det/det.txt` and `walk/gt/gt.txt`. For a folder of numbered frames as in MOTChallenge,
  /// `walk/img1`, also `det/det.txt` and `gt/gt.txt` inside the folder and beside it.
  public static func sidecar(of video: URL) -> URL? {
    let folder = video.deletingLastPathComponent()
    var candidates = files(named: video, in: folder)
    if isDirectory(video) {
      candidates += sequenceFiles(in: video) + sequenceFiles(in: folder)
    }
    return candidates.first(where: isFile)
  }

  /// The file of boxes for a video where a person named a file or a folder of files.
  ///
  /// A folder is searched for the video's name as in ``sidecar(of:)``.
  ///
  /// - Throws: ``DetectionError`` if `path` is not there, or has nothing for the video.
  public static func file(at path: URL, for video: URL) throws(DetectionError) -> URL {
    if isFile(path) { return path }
    guard isDirectory(path) else {
      throw .unreadable(path: path.path, reason: "there is no such file or folder")
    }
    var candidates = files(named: video, in: path)
    if isDirectory(video) {
      // A MOTChallenge sequence is named by the folder that holds img1.
      candidates += files(named: video.deletingLastPathComponent(), in: path)
    }
    guard let file = candidates.first(where: isFile) else {
      throw .noFile(video: video.lastPathComponent, folder: path.path)
    }
    return file
  }

  private static func files(named video: URL, in folder: URL) -> [URL] {
    let name = video.lastPathComponent
    let stem = isDirectory(video) ? name : video.deletingPathExtension().lastPathComponent
    return [
      folder.appendingPathComponent("\(name).txt"), folder.appendingPathComponent("\(stem).txt"),
    ] + sequenceFiles(in: folder.appendingPathComponent(stem))
  }

  private static func sequenceFiles(in folder: URL) -> [URL] {
    [
      folder.appendingPathComponent("det/det.txt"), folder.appendingPathComponent("gt/gt.txt"),
    ]
  }

  private static func isFile(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }

  private static func isDirectory(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
