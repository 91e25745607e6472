import Foundation
import Images
import Testing

@testable import Datasets

struct FaceFolderTests {
  private static func people(_ folder: TemporaryFolder, _ counts: [String: Int]) throws {
    let picture = try Image(width: 4, height: 5, red: 7).encodedPNG()
    for (name, count) in counts {
      for number in 1...count { try folder.write("\(name)/\(number).png", picture) }
    }
  }

  @Test func `folders of persons with landmarks`() throws {
    let folder = try TemporaryFolder()
    try Self.people(folder, ["s1": 2, "s2": 12])
    try folder.write("landmarks.csv", "path,x1,y1\ns2/10.png,1,2,3,4,5,6,7,8,9,10\n")
    let faces = try FaceFolder(path: folder.path)
    #expect(faces.pictures.count == 14 && faces.personCount == 2)
    #expect(faces.name(of: faces.pictures[0].person) == "s1")
    #expect(faces.pictures[11].path.hasSuffix("s2/10.png"))
    #expect(faces.pictures[11].landmarks?.points[4] == SIMD2(9, 10))
    #expect(faces.pictures.count { $0.landmarks != nil } == 1)
    try folder.write("landmarks.csv", "path,x1,y1\ns2/10.png,1,2,3\n")
    #expect(message { _ = try FaceFolder(path: folder.path) }.contains("Line 2"))
  }

  @Test func `drawn pairs are balanced and keep persons in one fold`() throws {
    let folder = try TemporaryFolder()
    try Self.people(folder, Dictionary(uniqueKeysWithValues: (1...20).map { ("s\($0)", 10) }))
    let test = try FaceTest(path: folder.path, seed: 3)
    let pairs = try #require(test.pairs.first)
    #expect(pairs.foldSizes == [Int](repeating: 180, count: 10))
    #expect(pairs.genuineCount == 900 && Set(pairs.pairs).count == 1800)
    var folds: [Int: Int] = [:]
    for (index, pair) in pairs.pairs.enumerated() {
      let persons = [pair.first, pair.second].map { pairs.pictures[$0].person }
      #expect((persons[0] == persons[1]) == pair.isSame && pair.first != pair.second)
      for person in persons {
        #expect(folds[person] == nil || folds[person] == index / 180)
        folds[person] = index / 180
      }
    }
    let again = try FaceTest(path: folder.path, seed: 3)
    #expect(again.pairs.first?.pairs == pairs.pairs)
    let search = try #require(test.search)
    #expect(search.gallery.count == 20 && search.probes.count == 180)
    #expect(search.gallery.allSatisfy { $0.path.hasSuffix("/1.png") })
    #expect(search.enrolments.map(\.count) == [10, 10])
    #expect(search.enrolments[0].isDisjoint(with: search.enrolments[1]))
  }

  @Test func `all pairs of few pictures are found by their numbers`() throws {
    let persons = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 4]
    let pictures = persons.enumerated().map { FacePicture(path: "\($0)", person: $1) }
    let pairs = try #require(FacePairs(drawnFrom: pictures, name: "few", limit: 1000, seed: 1))
    // Two folds of two persons; persons with one picture are in none.
    #expect(pairs.foldSizes == [8, 14] && pairs.pictures.count == 11)
    var start = 0
    for size in try #require(pairs.foldSizes) {
      let fold = pairs.pairs[start..<(start + size)]
      start += size
      #expect(fold.count { $0.isSame } * 2 == size && Set(fold).count == size)
      for pair in fold {
        let (first, second) = (pairs.pictures[pair.first], pairs.pictures[pair.second])
        #expect((first.person == second.person) == pair.isSame && first.path != second.path)
      }
    }
    let lost = pairs.readable { $0.isSame == false || pairs.pictures[$0.first].person > 1 }
    #expect(lost.foldSizes == [14] && lost.places == Array(8..<22))
  }

  @Test func `pairs of very many pictures are drawn without listing them`() throws {
    // 180 million pairs.
    let pictures = (0..<60_000).map { FacePicture(path: "a", person: $0 / 3000) }
    let pairs = try #require(FacePairs(drawnFrom: pictures, name: "many", seed: 1))
    #expect(pairs.foldSizes == [Int](repeating: 600, count: 10))
    #expect(Set(pairs.pairs).count == 6000 && pairs.genuineCount == 3000)
    #expect(pairs.pictures.count <= 12_000)
    let persons = Set(pairs.pictures.map(\.person))
    #expect(persons == Set(0..<20))
  }

  @Test func `the layouts of TinyFace and SurvFace`() throws {
    let tiny = try TemporaryFolder()
    try Self.people(tiny, ["Gallery_Distractor": 3])
    for name in ["Probe/12_1.png", "Gallery_Match/12_2.png", "Gallery_Match/13_1.png"] {
      try tiny.write(name, try Image(width: 4, height: 4).encodedPNG())
    }
    let found = try FaceTest(path: tiny.path)
    let search = try #require(found.search)
    #expect(search.probes.map(\.person) == [12])
    #expect(search.gallery.map(\.person) == [12, 13, -100, -100, -100])
    #expect(search.enrolments.isEmpty)
    let watched = try TemporaryFolder()
    for name in ["gallery/4_cam1_1.png", "mated_probe/4_cam2_1.png", "unmated_probe/9_cam1_1.png"] {
      try watched.write(name, try Image(width: 4, height: 4).encodedPNG())
    }
    let open = try FaceTest(path: watched.path)
    #expect(open.layout == "SurvFace" && open.search?.enrolments == [[4]])
    try watched.write("gallery/x.png", [1])
    #expect(message { _ = try FaceTest(path: watched.path) }.contains("x.png"))
  }

  @Test func `lists of pairs`() throws {
    let folder = try TemporaryFolder()
    let picture = try Image(width: 4, height: 4).encodedPNG()
    for name in ["A_B/A_B_0001.jpg", "A_B/A_B_0002.jpg", "C/C_0011.jpg"] {
      try folder.write(name, picture)
    }
    try folder.write("pairs.txt", "10\t300\nA_B\t1\t2\nA_B\t2\tC\t11\n")
    let listed = try FaceTest(path: folder.path)
    let pairs = try #require(listed.pairs.first)
    #expect(pairs.pairs.map(\.isSame) == [true, false] && pairs.pictures.count == 3)
    try folder.write("pairs.txt", "10\t300\nA_B\t1\t3\n")
    let text = message { _ = try FaceTest(path: folder.path) }
    #expect(text.contains("Line 2") && text.contains("A_B_0003.jpg"))
    try FileManager.default.removeItem(atPath: folder.path + "/pairs.txt")
    try folder.write("pairs.csv", "first,second,same\nA_B/A_B_0001.jpg,C/C_0011.jpg,0\n")
    #expect(try FaceTest(path: folder.path).pairs.first?.pairs.first?.isSame == false)
    try folder.write("pairs.csv", "first,second,same\nA_B/A_B_0001.jpg,C/C_0011.jpg,maybe\n")
    #expect(message { _ = try FaceTest(path: folder.path) }.contains("Line 2"))
  }

  @Test func `lists of IJB`() throws {
    let folder = try TemporaryFolder()
    for name in ["1.jpg", "2.jpg", "3.jpg"] { try folder.write("loose_crop/\(name)", [1]) }
    let points = "1 2 3 4 5 6 7 8 9 10"
    try folder.write(
      "meta/ijbx_name_5pts_score.txt",
      "1.jpg \(points) 0.5\n2.jpg \(points) 0.6\n3.jpg \(points) 0.7\n")
    try folder.write("meta/ijbx_face_tid_mid.txt", "1.jpg 40 9\n2.jpg 40 9\n3.jpg 77 1\n")
    try folder.write("meta/ijbx_template_pair_label.txt", "40 77 0\n")
    let ijb = try FaceTest(path: folder.path)
    let templates = try #require(ijb.templates)
    #expect(templates.templates == [0, 0, 1] && templates.templateCount == 2)
    #expect(templates.scores == [0.5, 0.6, 0.7] && templates.media == [9, 9, 1])
    #expect(templates.pairs == [FacePairs.Pair(0, 1, isSame: false)])
    #expect(templates.pictures[2].path.hasSuffix("loose_crop/3.jpg"))
    try folder.write("meta/ijbx_template_pair_label.txt", "40 78 0\n")
    #expect(message { _ = try FaceTest(path: folder.path) }.contains("Line 1"))
  }

  @Test func `nothing to compare is said`() throws {
    let folder = try TemporaryFolder()
    try Self.people(folder, ["a": 1, "b": 1])
    #expect(!message { _ = try FaceTest(path: folder.path) }.isEmpty)
  }
}
