/// What a data folder holds, in numbers and words.
extension PersonFolder {
  /// Numbers of one split.
  public struct Counts: Sendable, Hashable, Codable {
    /// Pictures.
    public var images: Int
    /// Different persons.
    public var persons: Int
    /// Different cameras.
    public var cameras: Int
    /// Pictures whose camera is unknown.
    public var withoutCamera: Int
    /// Pictures of person 0: distractors in folders of the Market-1501 kind.
    public var distractors: Int
  }

  /// The pictures of a split.
  public subscript(split: LabelledImage.Split) -> [LabelledImage] {
    switch split {
    case .train: train
    case .query: query
    case .gallery: gallery
    }
  }

  /// Numbers of a split.
  public func counts(_ split: LabelledImage.Split) -> Counts {
    let images = self[split]
    return Counts(
      images: images.count, persons: Set(images.map(\.person)).count,
      cameras: Set(images.compactMap(\.camera)).count,
      withoutCamera: images.count { $0.camera == nil },
      distractors: images.count { $0.person == 0 })
  }

  /// True if every query and gallery picture has a camera, so that the rule "not from the same
  /// camera" can be applied.
  public var hasCameras: Bool {
    !query.isEmpty && !gallery.isEmpty
      && query.allSatisfy { $0.camera != nil } && gallery.allSatisfy { $0.camera != nil }
  }

  /// What a person is called: the folder's or table's name, else the number.
  public func name(of person: Int) -> String { personNames[person] ?? String(person) }

  /// A few lines for the start of a run: arrangement, numbers per split, what was left out.
  public var summary: String {
    var lines = ["\(path): \(layout)"]
    for split in LabelledImage.Split.allCases where !self[split].isEmpty {
      let counts = counts(split)
      var line = "\(split.rawValue): \(counts.images) images, \(counts.persons) persons, "
      line += counts.cameras == 0 ? "no cameras" : "\(counts.cameras) cameras"
      if counts.cameras > 0, counts.withoutCamera > 0 {
        line += " (\(counts.withoutCamera) images without one)"
      }
      if split == .gallery, counts.distractors > 0, query.allSatisfy({ $0.person != 0 }) {
        line += ", \(counts.distractors) distractors"
      }
      lines.append(line)
    }
    if junk > 0 { lines.append("\(junk) junk images (person -1) left out") }
    if let first = skipped.first {
      lines.append("\(skipped.count) files left out, the first is “\(first.path)”: \(first.reason)")
    }
    return lines.joined(separator: "\n")
  }

  /// Sentences about what is odd but does not stop an evaluation.
  public func warnings(ignoringCameras: Bool = false) -> [String] {
    var sentences = tableRemarks
    if isSeededSplit {
      sentences.append(
        "query and gallery were drawn from one set of pictures, without cameras; "
          + "the scores cannot be compared with published ones")
    }
    let learned = Set(train.map(\.person)).subtracting([0])
      .intersection((query + gallery).map(\.person)).sorted()
    if !learned.isEmpty {
      let names = learned.prefix(5).map(name(of:)).joined(separator: ", ")
      sentences.append(
        "\(learned.count) training persons also stand in query or gallery "
          + "(\(names)\(learned.count > 5 ? ", …" : "")); a model trained on them scores too well")
    }
    guard !query.isEmpty, !gallery.isEmpty else { return sentences }
    let absent = absentPersons
    if !absent.isEmpty {
      let names = absent.prefix(5).map { personNames[$0] ?? String($0) }.joined(separator: ", ")
      sentences.append(
        "\(absent.count) of \(counts(.query).persons) query persons do not appear in the gallery "
          + "(\(names)\(absent.count > 5 ? ", …" : ""))")
    }
    let unknown = counts(.query).withoutCamera + counts(.gallery).withoutCamera
    let usesCameras = !ignoringCameras && hasCameras
    if !ignoringCameras, !isSeededSplit, unknown > 0 {
      sentences.append(
        "\(unknown) of \(query.count + gallery.count) query and gallery images have no camera; "
          + "only the query image itself is left out of its gallery")
    }
    let invalid = invalidQueries(usingCameras: usesCameras)
    if invalid > 0, invalid < query.count {
      sentences.append(
        "\(invalid) of \(query.count) queries have no match"
          + (usesCameras ? " from another camera" : "") + " and will not count")
    }
    return sentences
  }

  /// Throws if query against gallery cannot give a score, with the likely mistake.
  ///
  /// - Throws: ``DatasetError/notEvaluable(path:detail:)``.
  public func requireEvaluable(ignoringCameras: Bool = false) throws(DatasetError) {
    if let detail = mistake(ignoringCameras: ignoringCameras) {
      throw DatasetError.notEvaluable(path: path, detail: detail)
    }
  }

  /// Queries without any gallery picture of the same person that the rule leaves in.
  ///
  /// With cameras a match must come from another camera; without, it must be another file.
  public func invalidQueries(usingCameras: Bool) -> Int {
    var cameras: [Int: Set<Int>] = [:]
    var paths: [Int: [String]] = [:]
    for image in gallery {
      if usingCameras { cameras[image.person, default: []].insert(image.camera ?? -1) }
      paths[image.person, default: []].append(image.path)
    }
    return query.count { image in
      if usingCameras {
        return !(cameras[image.person] ?? []).contains { $0 != image.camera ?? -1 }
      }
      return !(paths[image.person] ?? []).contains { $0 != image.path }
    }
  }

  private var absentPersons: [Int] {
    Set(query.map(\.person)).subtracting(gallery.map(\.person)).sorted()
  }

  private func mistake(ignoringCameras: Bool) -> String? {
    let found = LabelledImage.Split.allCases.filter { !self[$0].isEmpty }
      .map { "\(self[$0].count) \($0.rawValue) images" }.joined(separator: ", ")
    if query.isEmpty || gallery.isEmpty {
      let lacking = query.isEmpty ? (gallery.isEmpty ? "query and gallery" : "query") : "gallery"
      if isSeededSplit {
        return "no person has two pictures, so none can be looked for (\(found))"
      }
      return "it has no \(lacking) pictures (\(found)); expected are query/ and gallery/, "
        + "or query/ and bounding_box_test/"
    }
    let usesCameras = !ignoringCameras && hasCameras
    guard invalidQueries(usingCameras: usesCameras) == query.count else { return nil }
    let files = query.prefix(5).map { "“\($0.path)”" }.joined(separator: ", ")
    if absentPersons.count == Set(query.map(\.person)).count {
      let searched = sample(gallery)
      return "none of the query persons (\(sample(query))) appears in the gallery (\(searched)); "
        + "first query files: \(files); folders or file names must call one person the same in both"
    }
    if usesCameras {
      let cameras = Set((query + gallery).compactMap(\.camera)).sorted().map(String.init)
      return "no query has a match from another camera (cameras found: "
        + "\(cameras.joined(separator: ", "))); first query files: \(files); "
        + "if the cameras are not to be told apart, score with --protocol no-camera"
    }
    return "the gallery holds no other picture of any query person; first query files: \(files)"
  }

  /// The first persons of a list, for messages.
  private func sample(_ images: [LabelledImage]) -> String {
    let persons = Set(images.map(\.person)).sorted()
    let names = persons.prefix(5).map { personNames[$0] ?? String($0) }
    return names.joined(separator: ", ") + (persons.count > 5 ? ", …" : "")
  }
}
