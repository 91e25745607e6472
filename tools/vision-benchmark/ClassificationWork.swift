import Adapters
import Backbones
import Gradients
import Layers
import Optimizers
import Tasks
import Tensors

/// Steps of supervised training on random pictures that lie ready: cross-entropy of classes, backward,
/// AdamW.
struct ClassificationWork {
  /// What is trained.
  enum Trained {
    /// Every parameter.
    case all
    /// Low-rank adapters of rank 8 at the query, key and value maps of the last `blocks` blocks, and
    /// the head.
    case adapters(blocks: Int)
  }

  /// A backbone with its classes.
  private final class Network: Module {
    let backbone: any Backbone
    let head: Linear

    init(_ backbone: any Backbone, classes: Int, random: RandomStream) {
      self.backbone = backbone
      var stream = random
      head = Linear(uniform: backbone.featureWidth, classes, random: &stream)
    }
  }

  private let network: Network
  private let extent: Extent
  private let trained: Trained

  init(_ name: String, height: Int, width: Int, classes: Int, trained: Trained) throws {
    guard let entry = BackboneCatalog.entry(named: name) else {
      throw BenchmarkError.unknownBackbone(name)
    }
    let random = RandomStream(seed: 1)
    extent = Extent(height: height, width: width)
    var options = BackboneOptions(image: extent)
    // As timm's classifiers do, and so the peers.
    if name.hasPrefix("vit") { options.pooling = .token }
    let backbone = try entry.make(options, random: random.split("weights"))
    if case .adapters(let blocks) = trained {
      let depth = (backbone as? VisionTransformer)?.configuration.depth ?? 0
      try AdaptedNetwork(backbone).attach(
        AdapterPlan(
          LoRA(rank: 8), sites: (depth - blocks..<depth).map { "=blocks.\($0).attn.qkv" }),
        random: random.split("adapters"))
    }
    network = Network(backbone, classes: classes, random: random.split("head"))
    self.trained = trained
  }

  /// One step after the other on the same pictures.
  func steps(batch: Int) -> Figure.Prepared {
    let optimizer = AdamW(network.parameters)
    let images = images(batch)
    let labels = (0..<batch).map { $0 % 100 }
    let backbone = network.backbone
    let forward = Double(backbone.multiplyAccumulates + backbone.attentionMultiplyAccumulates)
    let passes: Double
    switch trained {
    case .all: passes = 3
    // The gradient goes back through the blocks that are adapted, without those of their weights.
    case .adapters(let blocks):
      let depth = (backbone as? VisionTransformer)?.configuration.depth ?? blocks
      passes = 1 + Double(blocks) / Double(depth)
    }
    let floor = Floor(operations: 2 * passes * forward * Double(batch))
    let network = network
    return .init(work: Double(batch), floor: floor) {
      let context = ForwardContext.training(random: RandomStream(seed: 3))
      let features = network.backbone.features(of: Variable(images), in: context)
      try finish(features, labels: labels, in: context, optimizer)
    }
  }

  /// Steps on pictures that were all seen before, so that what the blocks below the adapters make of them
  /// is kept; batches are drawn anew from all pictures for every step.
  ///
  /// - Throws: `BenchmarkError.unknownBackbone` for a network that is not a row of blocks.
  func stepsOnKeptFeatures(batch: Int, pictures: Int) throws -> Figure.Prepared {
    guard let backbone = network.backbone as? any SequentialBackbone else {
      throw BenchmarkError.unknownBackbone("\(type(of: network.backbone))")
    }
    let preview = ForwardContext.preview(random: RandomStream(seed: 3))
    let part = preview.withRunningStatistics { backbone.frozenPart(in: preview) }
    let cache = FrozenFeatureCache(
      of: backbone, upTo: part.cut, shape: part.shape, pictures: pictures)
    let images = images(pictures)
    _ = cache.output(of: images, places: (0..<pictures).map { ($0, false) })
    let optimizer = AdamW(network.parameters)
    var order = RandomStream(seed: 4)
    var shares = 2.0
    if case .blocks(let frozen) = part.cut {
      // Forward and backward through the blocks above the cut.
      shares *= 1 - Double(frozen) / Double(backbone.blockCount)
    }
    let forward = Double(backbone.multiplyAccumulates + backbone.attentionMultiplyAccumulates)
    let floor = Floor(operations: 2 * shares * forward * Double(batch))
    return .init(work: Double(batch), floor: floor) {
      let places = order.permutation(pictures).prefix(batch)
      let frozen = cache.output(
        of: Variable(images).gathered(Array(places)).value, places: places.map { ($0, false) })
      let context = ForwardContext.training(random: RandomStream(seed: 3))
      let features = backbone.features(of: frozen, from: cache.cut, in: context)
      try finish(features, labels: places.map { $0 % 100 }, in: context, optimizer)
    }
  }

  private func images(_ count: Int) -> Tensor {
    var stream = RandomStream(seed: 2)
    let block = (0..<8191).map { _ in stream.normal() }
    let size = count * extent.height * extent.width * 3
    return Tensor(
      (0..<size).map { block[$0 % block.count] }, shape: [count, extent.height, extent.width, 3])
  }

  private func finish(
    _ features: Variable, labels: [Int], in context: ForwardContext, _ optimizer: AdamW
  ) throws {
    let loss = network.head(features, in: context).crossEntropy(labels: labels)
    context.backward(from: loss)
    guard loss.value.scalar.isFinite else { throw BenchmarkError.notFinite }
    optimizer.update(rate: 1e-4)
  }
}
