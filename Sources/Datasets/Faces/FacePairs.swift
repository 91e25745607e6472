import Foundation

/// Pairs of face pictures to tell apart: same person or not, in folds.
public struct FacePairs: Sendable {
  /// Two pictures by their places in ``FacePairs/pictures``.
  public struct Pair: Sendable, Hashable {
    /// The first picture.
    public var first: Int
    /// The second picture.
    public var second: Int
    /// Whether both show one person.
    public var isSame: Bool

    /// Makes a pair.
    public init(_ first: Int, _ second: Int, isSame: Bool) {
      self.first = first
      self.second = second
      self.isSame = isSame
    }
  }

  /// What the set is called, such as `lfw`.
  public var name: String
  /// Every picture that occurs, once.
  public var pictures: [FacePicture]
  /// The pairs, fold after fold.
  public var pairs: [Pair]
  /// How many pairs each fold has, where folds are not equal parts; nil divides evenly.
  public var foldSizes: [Int]?

  /// Makes a set.
  public init(name: String, pictures: [FacePicture], pairs: [Pair], foldSizes: [Int]? = nil) {
    precondition(
      foldSizes.map { $0.reduce(0, +) == pairs.count } ?? true,
      "FacePairs: folds of \(foldSizes ?? []) do not hold \(pairs.count) pairs")
    self.name = name
    self.pictures = pictures
    self.pairs = pairs
    self.foldSizes = foldSizes
  }

  /// Pairs of pictures of the same person.
  public var genuineCount: Int { pairs.count { $0.isSame } }

  /// Reads a `.bin` file of encoded pictures: pictures 2k and 2k + 1 are pair k.
  ///
  /// The file is a Python pickle of `(pictures, same)`; nothing in it is run.
  ///
  /// - Throws: ``DatasetError/damagedFile(path:detail:)`` for anything but such a pair of lists.
  public init(pickle path: String) throws(DatasetError) {
    guard let parts = try PickleReader.value(of: path).asItems, parts.count == 2,
      let items = parts[0].asItems, let same = parts[1].asTruths
    else {
      throw .damagedFile(
        path: path, detail: "it does not hold a list of pictures and a list of truth values")
    }
    guard !same.isEmpty, items.count == 2 * same.count else {
      throw .damagedFile(
        path: path, detail: "it holds \(items.count) pictures for \(same.count) pairs")
    }
    var pictures: [FacePicture] = []
    for (index, item) in items.enumerated() {
      guard let bytes = item.asBytes, !bytes.isEmpty else {
        throw .damagedFile(path: path, detail: "picture \(index) is no string of bytes")
      }
      pictures.append(FacePicture(path: "\(path)#\(index)", person: -1, place: .bytes(bytes)))
    }
    let name = fileURL(path).deletingPathExtension().lastPathComponent
    self.init(
      name: name, pictures: pictures,
      pairs: same.indices.map { Pair(2 * $0, 2 * $0 + 1, isSame: same[$0]) })
  }

  /// Draws pairs from labelled pictures, no person in two folds.
  ///
  /// Persons are divided into up to ten folds in their order. A fold gets every pair of pictures of one
  /// of its persons, at most `limit`, and as many pairs of pictures of two of its persons, all drawn by
  /// the seed.
  ///
  /// - Returns: nil with fewer than four persons who have two pictures each.
  public init?(drawnFrom pictures: [FacePicture], name: String, limit: Int = 300, seed: UInt64) {
    var places: [Int: [Int]] = [:]
    for (index, picture) in pictures.enumerated() {
      places[picture.person, default: []].append(index)
    }
    let persons = places.filter { $0.value.count > 1 }.keys.sorted()
    guard persons.count >= 4 else { return nil }
    let foldCount = min(10, persons.count / 2)
    let hash = CounterHash(seed: seed, purpose: .facePairs)
    var pairs: [Pair] = []
    var sizes: [Int] = []
    for fold in 0..<foldCount {
      let own = persons[
        (fold * persons.count / foldCount)..<((fold + 1) * persons.count / foldCount)]
      var same: [Pair] = []
      var other: [Pair] = []
      for (number, person) in own.enumerated() {
        let mine = places[person] ?? []
        for (index, first) in mine.enumerated() {
          for second in mine[(index + 1)...] { same.append(Pair(first, second, isSame: true)) }
          for partner in own.dropFirst(number + 1) {
            for second in places[partner] ?? [] {
              other.append(Pair(first, second, isSame: false))
            }
          }
        }
      }
      func drawn(_ pairs: [Pair], _ count: Int, _ kind: UInt64) -> [Pair] {
        guard count < pairs.count else { return pairs }
        return hash.permutation(pairs.count, UInt64(fold), kind).prefix(count).sorted()
          .map { pairs[$0] }
      }
      let count = min(limit, same.count, other.count)
      let chosen = drawn(same, count, 0) + drawn(other, count, 1)
      pairs += chosen
      sizes.append(chosen.count)
    }
    self.init(name: name, pictures: pictures, pairs: pairs, foldSizes: sizes)
  }
}
