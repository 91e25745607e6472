public import Batches
import Datasets
import Foundation
public import Images
public import Tensors

/// Reads or makes the two pictures of restoration items.
public struct RestorationPictures: Sendable {
  /// How clean pictures are spoiled; nil for pairs of files.
  public let degradation: DegradationChoice?
  /// Whether a clean picture is spoiled once for the whole training, as if the pairs lay on disk.
  public let areFixed: Bool
  private let random: RandomStream
  private let cache = ImageCache<String>(limitBytes: 384 << 20)

  /// Spoils clean pictures by `degradation`, with noise drawn from `random` and each item's name.
  ///
  /// - Parameter areFixed: whether ``crop(of:side:mirrors:random:)`` cuts from one spoiled form of each
  ///   picture in place of spoiling anew.
  public init(_ degradation: DegradationChoice?, areFixed: Bool = false, random: RandomStream) {
    self.degradation = degradation
    self.areFixed = areFixed && degradation != nil
    self.random = random
  }

  /// The choice of a recipe's word; nil for `paired`.
  ///
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a word that means nothing.
  public static func choice(_ word: String) throws(TaskError) -> DegradationChoice? {
    if word == "paired" { return nil }
    guard let choice = DegradationChoice(word) else {
      throw .unsuitableSettings(
        reason: "There is no degradation \"\(word)\"; give paired, or for example "
          + "\(DegradationChoice.examples).")
    }
    return choice
  }

  /// Both pictures of an item as they are scored: spoiled the same way in every run.
  ///
  /// - Throws: `ImageError` for a file that cannot be decoded, `DatasetError.badPairs` for two sizes.
  public func pair(of item: RestorationItem) throws -> (degraded: Image, clean: Image) {
    let clean = try file(item.clean)
    guard let degradation else {
      let degraded = try file(item.degraded ?? item.clean)
      guard degraded.width == clean.width, degraded.height == clean.height else {
        throw DatasetError.badPairs(
          path: item.degraded ?? "",
          detail: "it has \(degraded.width)x\(degraded.height) pixels, its clean picture "
            + "“\(item.clean)” \(clean.width)x\(clean.height)")
      }
      return (degraded, clean)
    }
    var random = random.split("scored").split(item.name)
    return (degradation.applied(to: clean, random: &random), clean)
  }

  /// Both pictures of an item as training has them, where they are fixed.
  private func fixedPair(of item: RestorationItem) throws -> (degraded: Image, clean: Image) {
    guard let degradation, areFixed else { return try pair(of: item) }
    let clean = try file(item.clean)
    // The name of a file cannot hold this character.
    let degraded = try cache.image(item.clean + "\0spoiled") { () throws(ImageError) in
      var random = random.split("pairs").split(item.name)
      return degradation.applied(to: clean, random: &random)
    }
    return (degraded, clean)
  }

  /// A square of both pictures for training; unless they are fixed, spoiled anew for each draw.
  ///
  /// Clean pictures are spoiled before the square is cut, around it, so that its edges look like any
  /// other place.
  public func crop(
    of item: RestorationItem, side: Int, mirrors: Bool, random: inout RandomStream
  ) throws -> (degraded: Image, clean: Image) {
    let whole: (degraded: Image, clean: Image)
    let isMade = degradation != nil && !areFixed
    if !isMade {
      whole = try fixedPair(of: item)
    } else {
      let clean = try file(item.clean)
      whole = (clean, clean)
    }
    let clean = whole.clean
    guard clean.width >= side, clean.height >= side else {
      throw DatasetError.badPairs(
        path: item.clean,
        detail: "\(clean.width)x\(clean.height) pixels are less than a training crop of \(side); "
          + "lower restoration.crop or leave the picture out")
    }
    let left = random.integer(below: clean.width - side + 1)
    let top = random.integer(below: clean.height - side + 1)
    var pair: (degraded: Image, clean: Image)
    if isMade, let degradation {
      // A margin of 32 pixels is more than half of the widest kernel.
      let margin = 32
      let (x, y) = (max(left - margin, 0), max(top - margin, 0))
      let width = min(left + side + margin, clean.width) - x
      let height = min(top + side + margin, clean.height) - y
      let area = clean.part(left: x, top: y, width: width, height: height)
      let spoiled = degradation.applied(to: area, random: &random)
      pair = (
        spoiled.part(left: left - x, top: top - y, width: side, height: side),
        area.part(left: left - x, top: top - y, width: side, height: side)
      )
    } else {
      pair = (
        whole.degraded.part(left: left, top: top, width: side, height: side),
        clean.part(left: left, top: top, width: side, height: side)
      )
    }
    guard mirrors else { return pair }
    let turn = SquareTurn(
      flipsColumns: random.uniform() < 0.5, flipsRows: random.uniform() < 0.5,
      transposes: random.uniform() < 0.5)
    return (turn.applied(to: pair.degraded), turn.applied(to: pair.clean))
  }

  private func file(_ path: String) throws(ImageError) -> Image {
    try cache.image(path) { () throws(ImageError) in
      try Image(contentsOf: URL(fileURLWithPath: path))
    }
  }
}

extension Image {
  /// A part of the picture in whole pixels, which must lie inside.
  func part(left: Int, top: Int, width: Int, height: Int) -> Image {
    precondition(
      left >= 0 && top >= 0 && left + width <= self.width && top + height <= self.height,
      "Image.part: \(width)x\(height) at \(left),\(top) of \(self.width)x\(self.height)")
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for row in top..<(top + height) {
      let start = (row * self.width + left) * 3
      pixels += self.pixels[start..<(start + 3 * width)]
    }
    return Image(width: width, height: height, pixels: pixels)
  }
}
