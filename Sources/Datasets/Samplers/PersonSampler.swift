/// Batches of P persons with K pictures each, for losses that compare pictures of one person.
///
/// In every epoch each person's pictures are shuffled and cut into groups of K; a person with fewer
/// than K gives one group, filled up by drawing again; leftovers below K rest for this epoch. Then P
/// persons that have a group left are drawn, one group each, until fewer than P remain. How many
/// batches that makes is known only once the epoch is drawn. The epoch is a function of seed and
/// epoch number alone.
/// **Source**: the sampler of A. Hermans, L. Beyer, B. Leibe, "In Defense of the Triplet Loss for
/// Person Re-Identification", 2017, arXiv 1703.07737, section 2, in the epoch form that public
/// re-identification code uses.
public struct PersonSampler: Sendable {
  /// Persons in a batch (P): as asked for, or all persons if there are fewer.
  public let personsPerBatch: Int
  /// Pictures of each person in a batch (K).
  public let imagesPerPerson: Int
  /// True if the pictures of a group come from as many cameras as possible.
  public let mixesCameras: Bool
  /// Seed of the draws.
  public let seed: UInt64
  /// A sentence to show if P had to be lowered.
  public let note: String?

  private let images: [[Int]]
  private let cameras: [Int?]

  /// Makes a sampler over pictures whose persons, and cameras if known, are given in order.
  ///
  /// - Throws: ``DatasetError/badSampler(detail:)`` if K is below 2 (a picture would be its own
  ///   positive) or fewer than 2 persons are there (nobody would be a negative).
  public init(
    persons: [Int], cameras: [Int?] = [], personsPerBatch: Int, imagesPerPerson: Int,
    mixesCameras: Bool = false, seed: UInt64
  ) throws(DatasetError) {
    precondition(
      cameras.isEmpty || cameras.count == persons.count,
      "PersonSampler: \(persons.count) persons, \(cameras.count) cameras")
    guard imagesPerPerson >= 2 else {
      throw DatasetError.badSampler(
        detail: "\(imagesPerPerson) images per person leave no positive pair; take 2 or more")
    }
    var positions: [Int: [Int]] = [:]
    for (index, person) in persons.enumerated() { positions[person, default: []].append(index) }
    guard personsPerBatch >= 2, positions.count >= 2 else {
      throw DatasetError.badSampler(
        detail: "\(min(personsPerBatch, positions.count)) persons in a batch leave no negative "
          + "pair; 2 or more are needed, the data has \(positions.count)")
    }
    images = positions.sorted { $0.key < $1.key }.map(\.value)
    self.cameras = cameras
    self.personsPerBatch = min(personsPerBatch, images.count)
    self.imagesPerPerson = imagesPerPerson
    self.mixesCameras = mixesCameras && !cameras.isEmpty
    self.seed = seed
    note =
      personsPerBatch > images.count
      ? "batches hold \(images.count) persons instead of \(personsPerBatch): there are no more"
      : nil
  }

  /// The batches of an epoch: P·K positions each, the pictures of a person side by side.
  public func batches(epoch: Int) -> [[Int]] {
    let draws = CounterHash(seed: seed, purpose: .persons)
    var groups = images.indices.map { self.groups(person: $0, epoch: epoch) }
    var open = Array(images.indices)
    var batches: [[Int]] = []
    while open.count >= personsPerBatch {
      let order = draws.permutation(open.count, UInt64(epoch), UInt64(batches.count))
      var batch: [Int] = []
      for position in order.prefix(personsPerBatch) {
        batch += groups[open[position]].removeLast()
      }
      batches.append(batch)
      open.removeAll { groups[$0].isEmpty }
    }
    return batches
  }

  /// A person's pictures in groups of K, for one epoch.
  private func groups(person: Int, epoch: Int) -> [[Int]] {
    let own = images[person]
    let counters = (UInt64(epoch), UInt64(person))
    let hash = CounterHash(seed: seed, purpose: .groups)
    var shuffled = hash.permutation(own.count, counters.0, counters.1).map { own[$0] }
    if mixesCameras { shuffled = alternatingCameras(shuffled) }
    if shuffled.count < imagesPerPerson {
      let again = CounterHash(seed: seed, purpose: .replacement)
      for slot in shuffled.count..<imagesPerPerson {
        let draw = again.number(below: own.count, counters.0, counters.1, UInt64(slot))
        shuffled.append(own[draw])
      }
    }
    return (0..<(shuffled.count / imagesPerPerson)).map { group in
      Array(shuffled[(group * imagesPerPerson)..<((group + 1) * imagesPerPerson)])
    }
  }

  /// One picture of each camera in turn, until all are used.
  private func alternatingCameras(_ order: [Int]) -> [Int] {
    var turns: [Int?: Int] = [:]
    let turn = order.map { index in
      let camera = cameras[index]
      defer { turns[camera, default: 0] += 1 }
      return turns[camera, default: 0]
    }
    // Stable: within a turn the shuffled order stays.
    return order.indices.sorted { (turn[$0], $0) < (turn[$1], $1) }.map { order[$0] }
  }
}
