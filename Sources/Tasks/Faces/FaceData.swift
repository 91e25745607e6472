public import Datasets
public import Recipes
public import Tensors

/// Labelled faces as training takes them: persons to learn, other persons to choose the best weights by.
public struct FaceData: Sendable {
  /// Pictures to learn from.
  public private(set) var train: [FacePicture]
  /// Number of the class of each training picture, from 0.
  public private(set) var classes: [Int]
  /// The person of each class.
  public private(set) var persons: [Int]
  /// Pairs and probes of the persons held out; nil without any.
  public private(set) var heldOut: FaceTest?
  /// Persons held out.
  public private(set) var heldOutPersons = 0
  /// Pictures held out.
  public private(set) var heldOutPictures = 0
  /// What a person should know about how the data was divided, one sentence each.
  public private(set) var notes: [String] = []

  /// Divides the persons of a folder by the stream.
  ///
  /// At least four persons are held out or none, since fewer give no score.
  ///
  /// - Throws: ``TaskError/unsuitableData(reason:)`` with fewer than two persons.
  public init(
    _ folder: FaceFolder, settings: FaceSettings, validationShare: Double, random: RandomStream
  ) throws(TaskError) {
    var pictures = folder.pictures
    var people = Set(pictures.map(\.person)).sorted()
    guard people.count >= 2 else {
      throw .unsuitableData(
        reason:
          "\"\(folder.path)\" shows \(people.count == 1 ? "one person" : "no person"); at least "
          + "2 are needed to tell people apart.")
    }
    var wanted = Int((validationShare * Double(people.count)).rounded())
    if validationShare > 0, people.count >= 8 { wanted = max(wanted, 4) }
    if wanted >= 4, people.count - wanted >= 2 {
      var draw = random.split("validation")
      let kept = Set(draw.permutation(people.count).prefix(wanted).map { people[$0] })
      let others = pictures.filter { kept.contains($0.person) }
      do {
        heldOut = try FaceTest(
          pictures: others, path: folder.path,
          layout: "persons held out of the training pictures", personNames: folder.personNames)
        heldOutPersons = kept.count
        heldOutPictures = others.count
      } catch {
        notes.append("The persons held out cannot be scored: \(error.description)")
      }
      pictures.removeAll { kept.contains($0.person) }
      people.removeAll { kept.contains($0) }
    }
    if settings.personLimit > 0, settings.personLimit < people.count {
      var draw = random.split("persons")
      let kept = Set(draw.permutation(people.count).prefix(settings.personLimit).map { people[$0] })
      people.removeAll { !kept.contains($0) }
      pictures.removeAll { !kept.contains($0.person) }
    }
    if settings.imageLimit > 0 {
      var places: [Int: [Int]] = [:]
      for (index, picture) in pictures.enumerated() {
        places[picture.person, default: []].append(index)
      }
      var kept: Set<Int> = []
      for (person, own) in places {
        var draw = random.split("images").split(person)
        kept.formUnion(draw.permutation(own.count).prefix(settings.imageLimit).map { own[$0] })
      }
      pictures = pictures.enumerated().filter { kept.contains($0.offset) }.map(\.element)
    }
    var numbers: [Int: Int] = [:]
    for (index, person) in people.enumerated() { numbers[person] = index }
    train = pictures
    persons = people
    classes = pictures.compactMap { numbers[$0.person] }
    if heldOut == nil {
      notes.append(
        "No persons are held out, so the last weights count as the best: "
          + (validationShare > 0
            ? "there are too few persons." : "training.validationShare is 0."))
    }
    let unaligned = pictures.count { $0.landmarks == nil }
    if unaligned > 0, unaligned < pictures.count {
      notes.append(
        "\(unaligned) of \(pictures.count) training pictures have no landmarks and are taken as they "
          + "are; mixing aligned and other pictures costs accuracy.")
    }
  }
}
