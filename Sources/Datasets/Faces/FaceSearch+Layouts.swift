import Foundation

extension FaceSearch {
  /// The search of a folder in the layout of TinyFace or of QMUL-SurvFace; nil for other folders.
  ///
  /// - TinyFace: `Probe`, `Gallery_Match`, `Gallery_Distractor`; the person is the whole number before
  ///   the first `_` of a name, distractors are nobody.
  /// - SurvFace: `gallery`, `mated_probe`, `unmated_probe` with names such as `12_cam3_1.jpg`.
  ///
  /// - Throws: ``DatasetError`` where a picture's name does not tell its person.
  init?(
    folder: String, landmarks: LandmarkTable?, skipped: inout [SkippedFile]
  ) throws(DatasetError) {
    let listing = try FolderListing(folder)
    let name = fileURL(folder).lastPathComponent
    var found: [SkippedFile] = []
    func pictures(_ part: String, isNobody: Bool = false) throws(DatasetError) -> [FacePicture] {
      let root = folder + "/" + part
      let images = try ImageFolder(path: root)
      found += images.skipped
      var pictures: [FacePicture] = []
      for path in images.paths {
        let file = (path as NSString).lastPathComponent
        let digits = (file as NSString).deletingPathExtension.prefix { $0 != "_" }
        guard isNobody || Int(digits) != nil else {
          throw .damagedFile(
            path: path, detail: "its name does not begin with the number of a person and \"_\"")
        }
        pictures.append(
          FacePicture(
            path: path, person: isNobody ? -100 : Int(digits) ?? -100,
            landmarks: landmarks?.landmarks(String(path.dropFirst(folder.count + 1)))))
      }
      guard !pictures.isEmpty else {
        throw .noImages(path: root, found: try FolderListing(root).found)
      }
      return pictures
    }
    if ["Probe", "Gallery_Match"].allSatisfy(listing.folders.contains) {
      let distractors =
        listing.folders.contains("Gallery_Distractor")
        ? try pictures("Gallery_Distractor", isNobody: true) : []
      self.init(
        name: name, gallery: try pictures("Gallery_Match") + distractors,
        probes: try pictures("Probe"))
    } else if ["gallery", "mated_probe", "unmated_probe"].allSatisfy(listing.folders.contains) {
      self.init(
        name: name, gallery: try pictures("gallery"),
        probes: try pictures("mated_probe") + pictures("unmated_probe"), mayHoldStrangers: true)
      // The protocol of this set, whose probes are hard to tell apart at all.
      recognitionRank = 20
    } else {
      return nil
    }
    skipped += found
  }
}
