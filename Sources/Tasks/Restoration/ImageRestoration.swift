import Backbones
import Batches
public import Datasets
public import Foundation
public import Gradients
import Images
public import Layers
import Losses
import Metrics
public import Recipes
import Storage
import Synchronization
public import Tensors
import Training

/// Crops to learn from.
public struct RestorationBatch: Sendable {
  /// Spoiled crops `[batch, side, side, 3]`, values 0…1.
  public let degraded: Tensor
  /// Clean crops of the same shape.
  public let clean: Tensor
}

/// Learning to restore pictures, from pairs or from clean pictures that are spoiled on the way.
public final class ImageRestoration: FinetuneTask {
  /// Training and held-out pictures.
  public let data: RestorationData
  /// The network under the path `backbone`.
  public let model: RestorationModel
  private let recipe: RestorationRecipe
  private let pictures: RestorationPictures
  private let random: RandomStream
  private let damaged = DamagedFiles()
  private let origin: String
  /// The adapter that is trained in place of the network's own weights, if any.
  public let adapter: TaskAdapter?

  /// Makes a task of a network and pictures.
  ///
  /// - Parameter adapter: how the adapter comes about.
  /// - Throws: ``TaskError`` where the recipe's words mean nothing or no training picture is there.
  public init(
    data: RestorationData, recipe: RestorationRecipe, model: RestorationModel, origin: String,
    adapter: AdapterStart = .recipe
  ) throws {
    try QualityGates.refuse(recipe.tuning)
    guard !data.train.isEmpty else {
      throw TaskError.unsuitableData(reason: "There is not one picture to learn from.")
    }
    guard model.backbone.scale == 1 else {
      throw TaskError.unsuitableSettings(
        reason: "\(model.name) enlarges pictures by \(model.backbone.scale), and training compares "
          + "pictures of one size; start from a network that keeps the size, such as swinir.")
    }
    self.data = data
    self.recipe = recipe
    self.model = model
    self.origin = origin
    random = RandomStream(seed: UInt64(recipe.seed)).split("restoration")
    pictures = RestorationPictures(
      try RestorationPictures.choice(recipe.restoration.degradation),
      areFixed: recipe.restoration.pairLimit > 0, random: random.split("degradations"))
    self.adapter = try TaskAdapter.make(
      recipe.tuning, adapter, on: model.backbone, random: random)
    if recipe.tuning.method == "head" {
      throw TaskError.unsuitableSettings(
        reason:
          "A restoration network has no head to train alone; use --adapter full or an adapter.")
    }
  }

  /// The network.
  public var network: any Module { model }

  /// Whether clean pictures are spoiled once, as if the pairs lay on disk, and not anew for every crop.
  public var areFixedPairs: Bool { pictures.areFixed }

  /// Files that could not be used so far.
  public var skipped: [SkippedFile] { damaged.list }

  /// Steps of a number of passes over the training pictures.
  public func steps(epochs: Int) -> Int {
    let batch = recipe.restoration.batch
    return (epochs * data.train.count + batch - 1) / batch
  }

  /// The crops of any step.
  public var batches: @Sendable (Int) throws -> RestorationBatch {
    let (items, settings, pictures) = (data.train, recipe.restoration, pictures)
    let (random, damaged) = (random.split("crops"), damaged)
    return { step in
      let side = settings.crop
      var degraded: [Float] = []
      var clean: [Float] = []
      for row in 0..<settings.batch {
        let place = step * settings.batch + row
        var order = random.split("epoch").split(place / items.count)
        let permutation = order.permutation(items.count)
        var draw = random.split(step).split(row)
        let pair = try Self.crop(
          from: items, at: permutation[place % items.count], settings: settings,
          pictures: pictures, damaged: damaged, random: &draw)
        degraded += FloatValues.of(pair.degraded)
        clean += FloatValues.of(pair.clean)
      }
      let shape = [settings.batch, side, side, 3]
      return RestorationBatch(
        degraded: Tensor(degraded, shape: shape), clean: Tensor(clean, shape: shape))
    }
  }

  /// A crop of an item, or of the next one that can be used.
  private static func crop(
    from items: [RestorationItem], at index: Int, settings: RestorationSettings,
    pictures: RestorationPictures, damaged: DamagedFiles, random: inout RandomStream
  ) throws -> (degraded: Image, clean: Image) {
    var last: (any Error)?
    for offset in 0..<items.count {
      let item = items[(index + offset) % items.count]
      if damaged.contains(item.clean) { continue }
      do {
        return try pictures.crop(
          of: item, side: settings.crop, mirrors: settings.mirrors, random: &random)
      } catch {
        damaged.add(item.clean, reason: "\(error)")
        last = error
      }
    }
    throw last
      ?? TaskError.unsuitableData(
        reason: "None of the \(items.count) training pictures can be used; the first: "
          + (damaged.list.first?.reason ?? ""))
  }

  /// The distance of the restored crops from the clean ones.
  public func learn(
    from batch: RestorationBatch, in context: ForwardContext
  ) throws -> TaskLoss {
    let output = model.backbone.restored(Variable(batch.degraded), in: context)
    let loss: RestorationLoss =
      switch recipe.restoration.loss {
      case .absolute: .absolute
      case .charbonnier: .charbonnier
      case .peakSignal: .peakSignal
      }
    let value = loss(output, target: batch.clean)
    let error = RestorationLoss.peakSignal(Variable(output.value), target: batch.clean)
    return TaskLoss(
      value, values: ["trainPsnr": -Double(error.value.scalar)], images: batch.clean.shape[0])
  }

  /// The sum of squared errors of one crop over all pixels and channels.
  public func contributionLoss(of sample: Int, in context: ForwardContext) throws -> Variable {
    let size = recipe.restoration.batch
    let batch = try batches(sample / size)
    let (degraded, clean) = (Variable(batch.degraded), Variable(batch.clean))
    let crop = degraded.gathered([sample % size])
    let error = model.backbone.restored(crop, in: context) - clean.gathered([sample % size])
    return (error * error).summed()
  }

  /// Mean PSNR of the held-out pictures.
  public func score() throws -> TaskScore? {
    var (output, input, count) = (0.0, 0.0, 0.0)
    for item in data.heldOut {
      guard let pair = try? pictures.pair(of: item) else {
        damaged.add(item.clean, reason: "it cannot be decoded, or its sizes differ")
        continue
      }
      let restored = tiling.restored(pair.degraded, by: model.backbone)
      let (after, before) = (
        peakSignalToNoise(restored, pair.clean), peakSignalToNoise(pair.degraded, pair.clean)
      )
      // Equal pictures would make the mean infinite.
      guard after.isFinite, before.isFinite else { continue }
      output += after
      input += before
      count += 1
    }
    guard count > 0 else { return nil }
    return TaskScore("psnr", output / count, values: ["inputPsnr": input / count])
  }

  /// How whole pictures are restored.
  public var tiling: TiledRestoration {
    TiledRestoration(side: recipe.restoration.tileSide, overlap: recipe.restoration.overlap)
  }

  /// Writes the network, its name and how it restores whole pictures, and the adapter as a folder.
  public func writeModel(to folder: URL, for purpose: ModelPurpose) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let writeNetwork = { [model, origin] in
      try RestorationModelFolder.write(
        model.backbone, named: model.name, made: origin, to: folder)
    }
    var description = TaskDescription(
      task: .restoration,
      restoration: .init(
        network: model.name, tile: recipe.restoration.tileSide,
        overlap: recipe.restoration.overlap, degradation: recipe.restoration.degradation,
        origin: origin))
    var isWritten = false
    if purpose == .use, let adapter {
      let small = try adapter.write(below: folder)
      try description.write(folder: small)
      isWritten = try adapter.merged(writeNetwork)
      description.needsAdapter = isWritten ? nil : true
    }
    if !isWritten { try writeNetwork() }
    try description.write(folder: folder)
  }

  /// Reads the network.
  public func readModel(from folder: URL) throws {
    try ModuleWeights.read(
      into: model.backbone, from: folder.appendingPathComponent(ModelConfiguration.weightsName))
  }
}

/// Files that could not be used, from any thread.
final class DamagedFiles: Sendable {
  private let reasons = Mutex<[String: String]>([:])

  func add(_ path: String, reason: String) {
    reasons.withLock { $0[path] = reason }
  }

  func contains(_ path: String) -> Bool { reasons.withLock { $0[path] != nil } }

  /// All files, sorted by path.
  var list: [SkippedFile] {
    reasons.withLock { $0 }.sorted { $0.key < $1.key }
      .map { SkippedFile(path: $0.key, reason: $0.value) }
  }
}
