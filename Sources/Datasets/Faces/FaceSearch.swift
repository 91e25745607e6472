/// Probes to find in a gallery of faces.
public struct FaceSearch: Sendable {
  /// What the set is called.
  public var name: String
  /// Pictures that are searched; persons of distractors are negative.
  public var gallery: [FacePicture]
  /// Pictures that are looked for.
  public var probes: [FacePicture]
  /// Persons known to the system in each open-set trial; the scores of the trials are averaged.
  ///
  /// Probes of other persons are strangers who must not be recognised. Empty where the data allow no
  /// such trial.
  public var enrolments: [Set<Int>]
  /// Rank within which a mate counts as recognised in an open-set trial.
  public var recognitionRank = 1

  /// Makes a search.
  public init(
    name: String, gallery: [FacePicture], probes: [FacePicture], enrolments: [Set<Int>] = []
  ) {
    self.name = name
    self.gallery = gallery
    self.probes = probes
    self.enrolments = enrolments
  }

  /// The first picture of each person is the gallery, the others are probes; each half of the persons
  /// is enrolled once while the other half are strangers.
  ///
  /// - Returns: nil where no person has two pictures.
  public init?(dividing pictures: [FacePicture], name: String) {
    var seen: Set<Int> = []
    var gallery: [FacePicture] = []
    var probes: [FacePicture] = []
    for picture in pictures {
      if seen.insert(picture.person).inserted {
        gallery.append(picture)
      } else {
        probes.append(picture)
      }
    }
    guard !probes.isEmpty else { return nil }
    let persons = seen.sorted()
    let half = Set(persons.prefix(persons.count / 2))
    self.init(
      name: name, gallery: gallery, probes: probes,
      enrolments: persons.count < 4 ? [] : [half, seen.subtracting(half)])
  }

  /// A search whose probes may be strangers: the persons of the gallery are the enrolled ones.
  init(name: String, gallery: [FacePicture], probes: [FacePicture], mayHoldStrangers: Bool) {
    let enrolled = Set(gallery.map(\.person).filter { $0 >= 0 })
    let hasStrangers = probes.contains { !enrolled.contains($0.person) }
    self.init(
      name: name, gallery: gallery, probes: probes,
      enrolments: mayHoldStrangers && hasStrangers ? [enrolled] : [])
  }
}
