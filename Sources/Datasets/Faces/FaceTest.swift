import Foundation
import Spelling

/// Everything in a folder that faces can be scored on: pairs, a search, templates.
public struct FaceTest: Sendable {
  /// Sets of pairs.
  public private(set) var pairs: [FacePairs] = []
  /// Probes and gallery.
  public private(set) var search: FaceSearch?
  /// Templates and pairs of them.
  public private(set) var templates: FaceTemplates?
  /// What persons are called, where the data give names.
  public private(set) var personNames: [Int: String] = [:]
  /// Files that were left out, with the reason.
  public private(set) var skipped: [SkippedFile] = []
  /// The arrangement found, in words.
  public private(set) var layout = ""
  /// Where the data are.
  public private(set) var path: String

  /// Pairs and a search made of labelled pictures.
  ///
  /// - Throws: ``DatasetError/notEvaluable(path:detail:)`` where no person has two pictures.
  public init(
    pictures: [FacePicture], path: String, layout: String, personNames: [Int: String] = [:],
    seed: UInt64 = 0
  ) throws(DatasetError) {
    self.path = path
    self.layout = layout
    self.personNames = personNames
    let name = fileURL(path).lastPathComponent
    if let drawn = FacePairs(drawnFrom: pictures, name: name, seed: seed) { pairs = [drawn] }
    search = FaceSearch(dividing: pictures, name: name)
    if search == nil {
      throw .notEvaluable(
        path: path, detail: "no person has two pictures, so there is nothing to compare")
    }
  }

  /// Reads a `.bin` file, a folder of them, the lists of IJB, TinyFace, SurvFace, `query/` with
  /// `gallery/`, a list of pairs, or one sub-folder per person (of `test/` where there is one).
  ///
  /// From sub-folders of persons alone pairs and probes are drawn by the seed.
  ///
  /// - Throws: ``DatasetError``.
  public init(path: String, seed: UInt64 = 0) throws(DatasetError) {
    if path.hasSuffix(".bin") {
      self.path = path
      pairs = [try FacePairs(pickle: path)]
      layout = "pairs in a .bin file"
      return
    }
    let inner = path + "/test"
    let root = FileManager.default.fileExists(atPath: inner) ? inner : path
    if let test = try FaceTest(lists: root) {
      self = test
      return
    }
    let people = try PersonFolder(root: fileURL(root), seed: seed)
    let landmarks = try LandmarkTable(folder: root)
    guard people.isSeededSplit else {
      self = FaceTest(people, root: root, landmarks: landmarks)
      return
    }
    var pictures = (people.query + people.gallery).map {
      FacePicture(
        path: $0.path, person: $0.person,
        landmarks: landmarks?.landmarks(String($0.path.dropFirst(root.count + 1))))
    }
    pictures.sort { NaturalOrder.precedes($0.path, $1.path) }
    self = try FaceTest(
      pictures: pictures, path: path, layout: people.layout, personNames: people.personNames,
      seed: seed)
    skipped = people.skipped
  }

  /// Reads a folder of probes and a gallery folder that lie anywhere.
  ///
  /// - Throws: ``DatasetError``.
  public init(query: String, gallery: String) throws(DatasetError) {
    let people = try PersonFolder(query: fileURL(query), gallery: fileURL(gallery))
    self.init(people, root: gallery, landmarks: nil)
  }

  /// The search of a folder that tells query and gallery apart.
  private init(_ people: PersonFolder, root: String, landmarks: LandmarkTable?) {
    func faces(_ images: [LabelledImage]) -> [FacePicture] {
      images.sorted { NaturalOrder.precedes($0.path, $1.path) }.map {
        FacePicture(
          path: $0.path, person: $0.person == 0 ? -100 : $0.person,
          landmarks: landmarks?.landmarks(String($0.path.dropFirst(root.count + 1))))
      }
    }
    path = people.path
    layout = people.layout
    skipped = people.skipped
    personNames = people.personNames
    search = FaceSearch(
      name: fileURL(root).lastPathComponent, gallery: faces(people.gallery),
      probes: faces(people.query), mayHoldStrangers: true)
  }

  /// The layouts that need no folders of persons; nil for others.
  private init?(lists root: String) throws(DatasetError) {
    path = root
    let listing = try FolderListing(root)
    let pickles = listing.others.filter { $0.hasSuffix(".bin") }
    guard pickles.isEmpty else {
      for name in pickles { pairs.append(try FacePairs(pickle: root + "/" + name)) }
      layout = "pairs in .bin files"
      return
    }
    let landmarks = try LandmarkTable(folder: root)
    if let templates = try FaceTemplates(folder: root) {
      self.templates = templates
      layout = "templates in lists of IJB"
    } else if let search = try FaceSearch(folder: root, landmarks: landmarks, skipped: &skipped) {
      self.search = search
      layout = search.enrolments.isEmpty ? "TinyFace" : "SurvFace"
    } else if let listed = try FacePairList.read(folder: root, landmarks: landmarks) {
      pairs = [listed]
      layout = "listed pairs"
    } else {
      return nil
    }
  }
}
