import Foundation
import Images

/// Sets of pictures that each describe one person at one occasion, and pairs of them to compare: the
/// lists of the IJB-B and IJB-C kits.
///
/// Understood are a folder `loose_crop` of pictures and beside it (or in `meta`) the lists
/// `*_name_5pts_score.txt` (name, ten coordinates, detector's score), `*_face_tid_mid.txt` (name,
/// template, medium) and `*_template_pair_label.txt` (template, template, 0 or 1).
public struct FaceTemplates: Sendable {
  /// What the set is called.
  public let name: String
  /// Every picture that belongs to a template; the person is unknown.
  public let pictures: [FacePicture]
  /// The detector's score of each picture, 0…1.
  public let scores: [Float]
  /// Number of the template of each picture, from 0.
  public let templates: [Int]
  /// Number of the medium (photograph or video) of each picture.
  public let media: [Int]
  /// How many templates there are.
  public let templateCount: Int
  /// Pairs of templates.
  public let pairs: [FacePairs.Pair]

  /// Reads the lists of a folder; nil where it has none.
  ///
  /// - Throws: ``DatasetError/badLabels(path:line:detail:)`` naming list and line.
  public init?(folder: String) throws(DatasetError) {
    let holders = try [folder] + Self.existing(folder + "/meta")
    func list(_ suffix: String) throws(DatasetError) -> String? {
      for holder in holders {
        let listing = try FolderListing(holder)
        if let name = listing.others.first(where: { $0.hasSuffix(suffix) }) {
          return holder + "/" + name
        }
      }
      return nil
    }
    guard let mediaPath = try list("_face_tid_mid.txt") else { return nil }
    guard let pointsPath = try list("_name_5pts_score.txt"),
      let pairsPath = try list("_template_pair_label.txt")
    else {
      throw .damagedFile(
        path: folder,
        detail:
          "beside \"\(fileURL(mediaPath).lastPathComponent)\" there must be lists whose names end "
          + "in _name_5pts_score.txt and _template_pair_label.txt")
    }
    let crops = try Self.existing(folder + "/loose_crop").first ?? folder
    let points = try Self.points(pointsPath)
    var numbers: [Int: Int] = [:]
    var pictures: [FacePicture] = []
    var scores: [Float] = []
    var templates: [Int] = []
    var media: [Int] = []
    for (line, cells) in try tableLines(mediaPath) {
      guard cells.count == 3, let template = Int(cells[1]), let medium = Int(cells[2]) else {
        throw .badLabels(path: mediaPath, line: line, detail: "it is not name, template, medium")
      }
      guard let (landmarks, score) = points[cells[0]] else {
        throw .badLabels(
          path: mediaPath, line: line,
          detail: "\"\(cells[0])\" is not in \(fileURL(pointsPath).lastPathComponent)")
      }
      let number = numbers[template] ?? numbers.count
      numbers[template] = number
      pictures.append(
        FacePicture(path: crops + "/" + cells[0], person: -1, landmarks: landmarks))
      scores.append(score)
      templates.append(number)
      media.append(medium)
    }
    var pairs: [FacePairs.Pair] = []
    for (line, cells) in try tableLines(pairsPath) {
      guard cells.count == 3, let first = Int(cells[0]).flatMap({ numbers[$0] }),
        let second = Int(cells[1]).flatMap({ numbers[$0] }), ["0", "1"].contains(cells[2])
      else {
        throw .badLabels(
          path: pairsPath, line: line, detail: "it is not two known templates and 0 or 1")
      }
      pairs.append(FacePairs.Pair(first, second, isSame: cells[2] == "1"))
    }
    guard !pairs.isEmpty else {
      throw .badLabels(path: pairsPath, line: 1, detail: "the list holds no pairs")
    }
    name = fileURL(folder).lastPathComponent
    self.pictures = pictures
    self.scores = scores
    self.templates = templates
    self.media = media
    templateCount = numbers.count
    self.pairs = pairs
  }

  private static func existing(_ folder: String) throws(DatasetError) -> [String] {
    FileManager.default.fileExists(atPath: folder) ? [folder] : []
  }

  private static func points(
    _ path: String
  ) throws(DatasetError) -> [String: (FaceLandmarks, Float)] {
    var found: [String: (FaceLandmarks, Float)] = [:]
    for (line, cells) in try tableLines(path) {
      let numbers = cells.dropFirst().compactMap(Double.init)
      guard numbers.count == 11,
        let landmarks = FaceLandmarks(coordinates: Array(numbers.prefix(10)))
      else {
        throw .badLabels(
          path: path, line: line, detail: "it is not a name, ten coordinates and a score")
      }
      found[cells[0]] = (landmarks, Float(numbers[10]))
    }
    return found
  }
}
