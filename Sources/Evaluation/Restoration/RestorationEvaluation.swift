import Backbones
import Batches
public import Datasets
public import Foundation
import Images
import Metrics
public import Tasks
import Tensors

/// Spoiled pictures restored and compared with the truth.
public struct RestorationEvaluation: Sendable {
  /// The pictures.
  public let items: [RestorationItem]
  /// Where they were found.
  public let path: String
  /// `paired`, or how clean pictures are spoiled.
  public let degradation: String
  /// Seed of what is drawn for a degradation.
  public let seed: Int
  /// Files that were left out when the pictures were looked for.
  public let skipped: [SkippedFile]

  /// Clean pictures that a network is also given, at most; what it does to them shows in a few.
  static let mostClean = 16

  /// Makes an evaluation.
  public init(
    items: [RestorationItem], path: String, degradation: String, seed: Int,
    skipped: [SkippedFile] = []
  ) {
    self.skipped = skipped
    self.items = items
    self.path = path
    self.degradation = degradation
    self.seed = seed
  }

  /// Finds the test pictures of a data folder: test pairs, or clean pictures below `test/` where there
  /// is such a folder.
  ///
  /// - Throws: `DatasetError` for a folder without usable pictures.
  public init(root: URL, degradation: String, seed: Int) throws {
    let items: [RestorationItem]
    let skipped: [SkippedFile]
    if degradation == "paired" {
      let folder = try PairedFolder(root: root)
      skipped = folder.skipped
      items = folder.scored.map {
        RestorationItem(name: $0.name, clean: $0.clean, degraded: $0.degraded)
      }
    } else {
      let source =
        RestorationData.split(of: root, named: ["test", "testing", "val", "validation"]) ?? root
      let folder = try ImageFolder(root: source)
      skipped = folder.skipped
      items = RestorationData.items(of: folder, below: source)
    }
    self.init(
      items: items, path: root.path, degradation: degradation, seed: seed, skipped: skipped)
  }

  /// Scores a method.
  ///
  /// - Parameters:
  ///   - method: what restores.
  ///   - reference: what it was asked for as.
  ///   - tiling: how large pictures are cut; nil takes what the model was made for.
  ///   - border: pixels left out on each side of every comparison.
  ///   - progress: called with the number of pictures of each step.
  /// - Throws: ``EvaluationError/nothingReadable(set:count:path:reason:)`` without a single usable
  ///   picture, `TaskError` for a degradation that means nothing or a network that enlarges.
  public func result(
    of method: RestorationMethod, reference: String, tiling: TiledRestoration? = nil,
    border: Int = 0, progress: (Int) -> Void = { _ in }
  ) throws -> RestorationResult {
    if case .network(let model) = method, model.backbone.scale != 1 {
      throw TaskError.unusableModel(
        path: reference,
        reason:
          "\(model.name) enlarges pictures by \(model.backbone.scale), and the scores compare "
          + "pictures of one size; vision-restore enlarges pictures with it")
    }
    let start = ContinuousClock.now
    let pictures = RestorationPictures(
      try RestorationPictures.choice(degradation),
      random: RandomStream(seed: UInt64(seed)).split("restoration").split("degradations"))
    var rows: [RestorationResult.Row] = []
    var skipped = skipped
    var shown: [RestorationResult.Shown] = []
    var clean: [Double] = []
    let isNetwork = if case .network = method { true } else { false }
    let least = RestorationResult.Row.smallestSide + 2 * border
    for item in items {
      defer { progress(1) }
      let pair: (degraded: Image, clean: Image)
      do {
        pair = try pictures.pair(of: item)
      } catch {
        skipped.append(SkippedFile(path: item.degraded ?? item.clean, reason: "\(error)"))
        continue
      }
      guard min(pair.clean.width, pair.clean.height) >= least else {
        skipped.append(
          SkippedFile(
            path: item.clean,
            reason: "a side is below \(least) pixels, the window of SSIM"
              + (border > 0 ? " and the border" : "")))
        continue
      }
      let output = method.output(pair.degraded, tiling: tiling)
      rows.append(
        RestorationResult.Row(name: item.name, output: output, pair: pair, border: border))
      if isNetwork, clean.count < Self.mostClean {
        clean.append(
          peakSignalToNoise(
            method.restored(pair.clean, tiling: tiling), pair.clean, border: border))
      }
      if shown.count < 6 {
        shown.append(.init(degraded: pair.degraded, restored: output.image, clean: pair.clean))
      }
    }
    guard !rows.isEmpty else {
      throw EvaluationError.nothingReadable(
        set: "data", count: items.count, path: skipped.first?.path ?? path,
        reason: skipped.first?.reason ?? "there are none")
    }
    let changed = clean.filter(\.isFinite)
    return RestorationResult(
      reference: reference, path: path, degradation: degradation, rows: rows, skipped: skipped,
      shown: shown, tiling: tiling, border: border,
      cleanPsnr: changed.isEmpty ? nil : changed.reduce(0, +) / Double(changed.count),
      cleanPictures: clean.count, seconds: (ContinuousClock.now - start) / .seconds(1))
  }
}
