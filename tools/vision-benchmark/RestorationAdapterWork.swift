import Adapters
import Backbones
import Gradients
import Layers
import Losses
import Optimizers
import Tensors

/// Steps of CoLoRA on NAFNet in the published layout for motion blur, on random pictures that lie ready.
///
/// The budget of 7 % is divided as for equal contributions, so that another program can give its
/// convolutions the same ranks by the same rule; biases, norms, gains and depthwise kernels are trained in
/// full.
struct RestorationAdapterWork {
  private let network: NAFNet
  private let adapter: NetworkAdapter
  private let extent: Extent

  init(channels width: Int, height: Int, width pixels: Int) throws {
    extent = Extent(height: height, width: pixels)
    let random = RandomStream(seed: 1)
    network = NAFNet(
      .init(width: width, encoders: [1, 1, 1, 28], middle: 1, decoders: [1, 1, 1, 1]),
      random: random)
    let adapted = AdaptedNetwork(network)
    let plan = try CoLoRA(budget: 0.07, contribution: .uniform)
      .plan(for: adapted, contributions: .uniform(of: network))
    adapter = try adapted.attach(plan, random: random.split("adapter"))
  }

  /// L1 distance, backward, AdamW of the adapter.
  func steps(batch: Int) -> Figure.Prepared {
    let optimizer = AdamW(adapter.parameters)
    var stream = RandomStream(seed: 2)
    let block = (0..<8191).map { _ in stream.uniform() }
    let size = batch * extent.height * extent.width * 3
    let shape = [batch, extent.height, extent.width, 3]
    let images = Tensor((0..<size).map { block[$0 % block.count] }, shape: shape)
    let truth = Tensor((0..<size).map { block[($0 + 1) % block.count] }, shape: shape)
    // Forward, and the gradient that goes back through the frozen maps.
    let forward = Double(network.multiplyAccumulates(of: extent) * batch)
    let network = network
    return .init(work: Double(batch), floor: Floor(operations: 4 * forward)) {
      let context = ForwardContext.adapting(random: RandomStream(seed: 3))
      let loss = RestorationLoss.absolute(
        network.restored(Variable(images), in: context), target: truth)
      context.backward(from: loss)
      guard loss.value.scalar.isFinite else { throw BenchmarkError.notFinite }
      optimizer.update(rate: 1e-3)
    }
  }
}
