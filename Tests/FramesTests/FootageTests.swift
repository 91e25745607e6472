import Foundation
import Frames
import Testing

struct FootageTests {
  @Test func `folders are searched in natural order`() throws {
    let folder = try Folder()
    _ = try folder.makeFolder("cam2/day 1")
    _ = try folder.makeFolder("cam10")
    _ = try folder.makeFolder(".hidden")
    for name in [
      "cam10/b10.MP4", "cam10/b9.mp4", "cam10/readme.txt", "cam2/b9.mp4", "cam2/.x.mp4",
      "cam2/day 1/ü%20.mkv", ".hidden/c.mp4", "photo.jpg", "noextension",
    ] { _ = try folder.write(name, [0]) }
    let items = try Footage.find([folder.path + "/"])
    #expect(
      items.map { String($0.path.dropFirst(folder.path.count + 1)) } == [
        "cam2/b9.mp4", "cam2/day 1/ü%20.mkv", "cam10/b9.mp4", "cam10/b10.MP4",
      ])
    #expect(items.map(\.name) == ["cam2/b9.mp4", "ü%20.mkv", "cam10/b9.mp4", "b10.MP4"])
    #expect(items.allSatisfy { $0.kind == .video })
    let others = try Footage.search([folder.path]).otherFiles
    #expect(
      others.map { String($0.dropFirst(folder.path.count + 1)) } == [
        "cam10/readme.txt", "noextension", "photo.jpg",
      ])
    let named = try Footage.search([folder.path, folder.file("noextension")])
    #expect(named.items.last?.path == folder.file("noextension") && named.otherFiles.count == 2)
  }

  @Test func `links in circles end, and nothing comes twice`() throws {
    let folder = try Folder()
    let inner = try folder.makeFolder("a/b")
    _ = try folder.write("a/b/clip.mp4", [0])
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: inner + "/up", withDestinationPath: folder.path)
    try manager.createSymbolicLink(atPath: inner + "/broken.mp4", withDestinationPath: "nowhere")
    try manager.createSymbolicLink(
      atPath: folder.file("again.mp4"), withDestinationPath: inner + "/clip.mp4")
    let items = try Footage.find([folder.path, inner, inner + "/clip.mp4"])
    #expect(items.count == 1)
  }

  @Test func `a named file is taken whatever its name`() throws {
    let folder = try Folder()
    let path = try folder.write("recording", [0])
    let items = try Footage.find([path])
    #expect(items == [FootageItem(path: path, name: "recording", kind: .video)])
  }

  @Test func `missing paths and empty folders are errors`() throws {
    let folder = try Folder()
    #expect(throws: VideoError.notFound(path: "/no/such/place")) {
      try Footage.find([folder.path, "/no/such/place"])
    }
    #expect(throws: VideoError.noFootage(paths: [folder.path])) {
      try Footage.find([folder.path])
    }
  }
}
