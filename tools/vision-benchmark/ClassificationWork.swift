import Adapters
import Backbones
import Gradients
import Layers
import Optimizers
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
    let backbone = try entry.make(.init(image: extent), random: random.split("weights"))
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
    var stream = RandomStream(seed: 2)
    let block = (0..<8191).map { _ in stream.normal() }
    let count = batch * extent.height * extent.width * 3
    let images = Tensor(
      (0..<count).map { block[$0 % block.count] }, shape: [batch, extent.height, extent.width, 3])
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
      let loss = network.head(features, in: context).crossEntropy(labels: labels)
      context.backward(from: loss)
      guard loss.value.scalar.isFinite else { throw BenchmarkError.notFinite }
      optimizer.update(rate: 1e-4)
    }
  }
}
