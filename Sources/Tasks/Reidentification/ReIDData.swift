public import Datasets
public import Recipes
public import Tensors

/// Labelled pictures of people as training takes them: persons to learn, other persons to choose the
/// best weights by.
///
/// The persons held out are drawn from the training persons by the seed; query and gallery of the data
/// folder are never looked at, so that a score on them stays a score on unseen people.
public struct ReIDData: Sendable {
  /// Pictures to learn from.
  public private(set) var train: [LabelledImage]
  /// Number of the class of each training picture, from 0.
  public private(set) var classes: [Int]
  /// The person of each class.
  public private(set) var persons: [Int]
  /// Held-out pictures to look for.
  public private(set) var query: [LabelledImage] = []
  /// Held-out pictures to search.
  public private(set) var gallery: [LabelledImage] = []
  /// Whether a held-out picture is looked for in pictures of other cameras alone; else only the picture
  /// itself is left out.
  public private(set) var usesCameras = false
  /// What a person should know about how the data was divided, one sentence each.
  public private(set) var notes: [String] = []

  /// Divides the training persons of a folder.
  ///
  /// - Throws: ``TaskError/unsuitableData(reason:)`` with fewer than two persons, or without training
  ///   pictures in a folder that has query and gallery.
  public init(
    _ folder: PersonFolder, settings: ReIDSettings, validationShare: Double, random: RandomStream
  ) throws(TaskError) {
    var images = folder.train
    if images.isEmpty {
      guard folder.isSeededSplit else {
        throw .unsuitableData(
          reason:
            "\"\(folder.path)\" has no training pictures, only \(folder.query.count) query and "
            + "\(folder.gallery.count) gallery images; add train/ or bounding_box_train/, or name a "
            + "folder with one sub-folder per person.")
      }
      images = (folder.query + folder.gallery).sorted { $0.path < $1.path }
      notes.append(
        "The folder has no splits, so all \(images.count) pictures are for training; score on other "
          + "people than these.")
    } else {
      let overlap = Set(images.map(\.person)).intersection(
        (folder.query + folder.gallery).map(\.person)
      )
      .subtracting([0])
      if !overlap.isEmpty {
        notes.append(
          "\(overlap.count) training persons also stand in query or gallery (such as "
            + "\(overlap.sorted().prefix(3).map(folder.name(of:)).joined(separator: ", "))): scores on "
            + "those will be too good.")
      }
    }
    var people = Set(images.map(\.person)).sorted()
    guard people.count >= 2 else {
      throw .unsuitableData(
        reason: "\"\(folder.path)\" shows \(people.count == 1 ? "one person" : "no person") in its "
          + "training pictures; at least 2 are needed to tell people apart.")
    }
    var heldOut: Set<Int> = []
    let wanted = Int((validationShare * Double(people.count)).rounded())
    if wanted >= 2, people.count - wanted >= 2 {
      var draw = random.split("validation")
      let order = draw.permutation(people.count)
      heldOut = Set(order.prefix(wanted).map { people[$0] })
    }
    let validation = images.filter { heldOut.contains($0.person) }
    images.removeAll { heldOut.contains($0.person) }
    people.removeAll { heldOut.contains($0) }
    if settings.personLimit > 0, settings.personLimit < people.count {
      var draw = random.split("persons")
      let kept = Set(draw.permutation(people.count).prefix(settings.personLimit).map { people[$0] })
      people.removeAll { !kept.contains($0) }
      images.removeAll { !kept.contains($0.person) }
    }
    if settings.imageLimit > 0 {
      images = Self.limited(images, to: settings.imageLimit, random: random.split("images"))
    }
    var numbers: [Int: Int] = [:]
    for (index, person) in people.enumerated() { numbers[person] = index }
    train = images
    persons = people
    classes = images.compactMap { numbers[$0.person] }
    // A single picture has a single camera, whatever the data.
    let cameras = Dictionary(grouping: train, by: \.person).values.filter { $0.count > 1 }.map {
      Set($0.compactMap(\.camera))
    }
    if Set(cameras.flatMap(\.self)).count > 1, cameras.allSatisfy({ $0.count < 2 }) {
      notes.append(
        "Every training person is seen by one camera only, so the network can tell persons by their camera: "
          + "give pictures of each person from several cameras, or check the camera numbers.")
    }
    divide(validation)
    usesCameras = Self.isSeenAcrossCameras(query, in: gallery)
    if !usesCameras, Set((query + gallery).compactMap(\.camera)).count > 1 {
      notes.append(
        (query + gallery).allSatisfy { $0.camera != nil }
          ? "No person held out is seen by two cameras, so they are scored without cameras: only the "
            + "query picture itself is left out of what is searched."
          : "Some pictures held out have no camera, so they are scored without cameras: only the query "
            + "picture itself is left out of what is searched.")
    }
    if query.isEmpty {
      notes.append(
        "No persons are held out, so the last weights count as the best: "
          + (validationShare > 0
            ? "there are too few persons." : "training.validationShare is 0."))
    }
  }

  /// Whether a rule that leaves out the query's own camera would leave something to find.
  private static func isSeenAcrossCameras(
    _ query: [LabelledImage], in gallery: [LabelledImage]
  ) -> Bool {
    guard !query.isEmpty, (query + gallery).allSatisfy({ $0.camera != nil }) else { return false }
    var cameras: [Int: Set<Int>] = [:]
    for image in gallery {
      if let camera = image.camera { cameras[image.person, default: []].insert(camera) }
    }
    return query.contains { image in
      (cameras[image.person] ?? []).contains { $0 != image.camera }
    }
  }

  /// Keeps `limit` pictures of each person, in their order.
  private static func limited(
    _ images: [LabelledImage], to limit: Int, random: RandomStream
  ) -> [LabelledImage] {
    var positions: [Int: [Int]] = [:]
    for (index, image) in images.enumerated() { positions[image.person, default: []].append(index) }
    var kept: Set<Int> = []
    for (person, own) in positions {
      var draw = random.split(person)
      kept.formUnion(draw.permutation(own.count).prefix(limit).map { own[$0] })
    }
    return images.enumerated().filter { kept.contains($0.offset) }.map(\.element)
  }

  /// One query picture for each held-out person and camera; the rest is gallery.
  private mutating func divide(_ images: [LabelledImage]) {
    var seen: Set<[Int]> = []
    var counts: [Int: Int] = [:]
    for image in images { counts[image.person, default: 0] += 1 }
    for image in images {
      var image = image
      let isQuery =
        counts[image.person, default: 0] > 1
        && seen.insert([image.person, image.camera ?? -1]).inserted
      image.split = isQuery ? .query : .gallery
      if isQuery { query.append(image) } else { gallery.append(image) }
    }
    // Where every camera saw a person once only, nothing would be left to find.
    let found = Set(gallery.map(\.person))
    for image in query where !found.contains(image.person) {
      var image = image
      image.split = .gallery
      gallery.append(image)
    }
  }
}
