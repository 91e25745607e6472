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
}
