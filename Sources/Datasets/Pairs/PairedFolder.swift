public import Foundation

/// Pairs of spoiled and clean pictures, read from the folder arrangements that people have.
///
/// Understood are two folders beside each other, anywhere below the root: one called `input`,
/// `input_crops`, `lq`, `low`, `rainy`, `rain`, `hazy`, `blur` or `noisy`, the other `target`,
/// `target_crops`, `gt`, `high`, `clean`, `sharp` or `norain` (SIDD crops, GoPro, Rain13K, LOL, SMOKE and
/// the like); and scene folders with `…_NOISY_SRGB_…` and `…_GT_SRGB_…` files (SIDD-Medium). Pictures pair
/// by name without ending; names may differ by `rain-`/`norain-`, a scale such as `x2`, or everything from
/// the first `_` on (RESIDE). A folder called `train` or `our485` on the way makes training pairs, `test`,
/// `val`, `eval15` and the like test pairs, and anything else unsplit ones.
public struct PairedFolder: Sendable {
  /// Pairs to learn from.
  public private(set) var train: [PicturePair] = []
  /// Pairs to score.
  public private(set) var test: [PicturePair] = []
  /// Pairs of folders that tell no split.
  public private(set) var unsplit: [PicturePair] = []
  /// Pictures that were left out, with the reason.
  public private(set) var skipped: [SkippedFile] = []
  /// Where the pictures were looked for.
  public let path: String

  static let degradedNames: Set<String> = [
    "input", "input_crops", "lq", "low", "rainy", "rain", "hazy", "blur", "noisy",
  ]
  static let cleanNames: Set<String> = [
    "target", "target_crops", "gt", "high", "clean", "sharp", "norain",
  ]
  private static let trainNames: Set<String> = ["train", "training", "our485", "train_set"]
  private static let testNames: Set<String> = [
    "test", "testing", "val", "valid", "validation", "eval15", "test_set",
  ]

  /// Whether a folder holds pairs at all; a folder of clean pictures does not.
  public static func holdsPairs(_ root: URL) throws(DatasetError) -> Bool {
    var search = PairedFolder(path: root.path)
    try search.collect(root.path, depth: 0)
    return !(search.train.isEmpty && search.test.isEmpty && search.unsplit.isEmpty)
  }

  /// Finds all pairs below `root`.
  ///
  /// - Throws: ``DatasetError`` if the folder is missing or unreadable, has no pairs, or if a spoiled
  ///   picture has no clean one; the message names the folder and the file.
  public init(root: URL) throws(DatasetError) {
    self.init(path: root.path)
    try collect(root.path, depth: 0)
    if train.isEmpty, test.isEmpty, unsplit.isEmpty {
      throw DatasetError.noPairs(path: path, found: try FolderListing(path).found)
    }
  }

  private init(path: String) {
    self.path = path
  }

  /// Pairs that a score is made of: the test pairs, or all of them where nothing tells the split.
  public var scored: [PicturePair] { test.isEmpty ? unsplit : test }

  /// A line for the start of a run.
  public var summary: String {
    let parts = [(train, "training"), (test, "test"), (unsplit, "unsplit")]
      .filter { !$0.0.isEmpty }.map { "\($0.0.count) \($0.1) pairs" }
    return "\(path): " + parts.joined(separator: ", ")
  }

  private mutating func collect(_ folder: String, depth: Int) throws(DatasetError) {
    let listing = try FolderListing(folder)
    func named(_ names: Set<String>) -> String? {
      listing.folders.first { names.contains($0.lowercased()) }
    }
    if let degraded = named(Self.degradedNames), let clean = named(Self.cleanNames) {
      try pair(folder + "/" + degraded, with: folder + "/" + clean)
      return
    }
    try pairScenes(listing)
    // Data sets nest four deep at most; a whole disk named by mistake must not be walked.
    guard depth < 5 else { return }
    for inner in listing.folders { try collect(folder + "/" + inner, depth: depth + 1) }
  }

  private mutating func pair(_ degraded: String, with clean: String) throws(DatasetError) {
    let (inputs, targets) = (try ImageFolder(path: degraded), try ImageFolder(path: clean))
    skipped += inputs.skipped + targets.skipped
    var places: [String: String] = [:]
    for path in targets.paths { places[Self.stem(path, below: clean)] = path }
    var used: Set<String> = []
    for path in inputs.paths {
      let stem = Self.stem(path, below: degraded)
      guard let match = Self.candidates(stem).lazy.compactMap({ places[$0] }).first else {
        throw DatasetError.badPairs(
          path: degraded,
          detail: "“\(stem)” has no clean picture in “\(clean)” (\(inputs.paths.count) spoiled, "
            + "\(targets.paths.count) clean pictures)")
      }
      used.insert(match)
      append(PicturePair(name: name(of: match), degraded: path, clean: match))
    }
    skipped += targets.paths.filter { !used.contains($0) }.map {
      SkippedFile(path: $0, reason: "no spoiled picture goes with it")
    }
  }

  /// Pairs of one scene of SIDD-Medium, side by side in its folder.
  private mutating func pairScenes(_ listing: FolderListing) throws(DatasetError) {
    for file in listing.images where file.contains("NOISY_SRGB") {
      let clean = file.replacingOccurrences(of: "NOISY_SRGB", with: "GT_SRGB")
      guard listing.images.contains(clean) else {
        throw DatasetError.badPairs(
          path: listing.path, detail: "“\(file)” has no “\(clean)” beside it")
      }
      let match = listing.path + "/" + clean
      append(
        PicturePair(name: name(of: match), degraded: listing.path + "/" + file, clean: match))
    }
  }

  private mutating func append(_ pair: PicturePair) {
    let folders = pair.clean.dropFirst(path.count).split(separator: "/").map { $0.lowercased() }
    if folders.contains(where: Self.trainNames.contains) {
      train.append(pair)
    } else if folders.contains(where: Self.testNames.contains) {
      test.append(pair)
    } else {
      unsplit.append(pair)
    }
  }

  /// A file's path below the data folder without its ending.
  private func name(of file: String) -> String { Self.stem(file, below: path) }

  private static func stem(_ path: String, below folder: String) -> String {
    let inner = String(path.dropFirst(folder.count + 1))
    guard let dot = inner.lastIndex(of: "."), !inner[dot...].contains("/") else { return inner }
    return String(inner[..<dot])
  }

  /// Names under which the clean picture of a spoiled one may be stored, the likeliest first.
  private static func candidates(_ stem: String) -> [String] {
    var names = [stem]
    let file = stem.split(separator: "/").last.map(String.init) ?? stem
    let folder = String(stem.dropLast(file.count))
    if file.hasPrefix("rain-") { names.append(folder + "no" + file) }
    if let scale = file.range(of: "x[0-9]$", options: .regularExpression) {
      names.append(folder + file[..<scale.lowerBound])
    }
    if let line = file.firstIndex(of: "_") { names.append(folder + file[..<line]) }
    return names
  }
}
