import Adapters
import Backbones
import Gradients
import Layers
import Losses
import Optimizers
import Tensors

/// NAFNet in the published layout for motion blur, on random pictures that lie ready: whole, or frozen
/// with CoLoRA.
///
/// Channel attention averages the whole picture in inference too, which is what its peer computes. The
/// budget of CoLoRA, 7 %, is divided as for equal contributions, so that another program can give its
/// convolutions the same ranks by the same rule; biases, norms, gains and depthwise kernels are trained in
/// full.
struct RestorationWork {
  private let network: NAFNet
  private let extent: Extent
  private let random = RandomStream(seed: 1)

  init(channels width: Int, height: Int, width pixels: Int) {
    extent = Extent(height: height, width: pixels)
    network = NAFNet(
      .init(width: width, encoders: [1, 1, 1, 28], middle: 1, decoders: [1, 1, 1, 1]),
      random: random)
  }

  private func images(_ count: Int, _ purpose: String) -> Tensor {
    var stream = RandomStream(seed: 2).split(purpose)
    let block = (0..<8191).map { _ in stream.uniform() }
    let size = count * extent.height * extent.width * 3
    return Tensor(
      (0..<size).map { block[$0 % block.count] }, shape: [count, extent.height, extent.width, 3])
  }

  private func forwardOperations(_ batch: Int) -> Double {
    Double(network.multiplyAccumulates(of: extent) * batch)
  }

  /// L1 distance, backward, AdamW of all weights.
  func steps(batch: Int) -> Figure.Prepared {
    let optimizer = AdamW(network.parameters)
    return steps(optimizer, batch: batch, floor: 6 * forwardOperations(batch)) {
      .training(random: $0)
    }
  }

  /// L1 distance, backward through the frozen maps, AdamW of the adapter.
  func adapterSteps(batch: Int) throws -> Figure.Prepared {
    let adapted = AdaptedNetwork(network)
    let plan = try CoLoRA(budget: 0.07, contribution: .uniform)
      .plan(for: adapted, contributions: .uniform(of: network))
    let optimizer = AdamW(try adapted.attach(plan, random: random.split("adapter")).parameters)
    return steps(optimizer, batch: batch, floor: 4 * forwardOperations(batch)) {
      .adapting(random: $0)
    }
  }

  private func steps(
    _ optimizer: AdamW, batch: Int, floor: Double,
    context: @escaping (RandomStream) -> ForwardContext
  ) -> Figure.Prepared {
    let (images, truth) = (images(batch, "images"), images(batch, "truth"))
    let network = network
    return .init(work: Double(batch), floor: Floor(operations: floor)) {
      let context = context(RandomStream(seed: 3))
      let loss = RestorationLoss.absolute(
        network.restored(Variable(images), in: context), target: truth)
      context.backward(from: loss)
      guard loss.value.scalar.isFinite else { throw BenchmarkError.notFinite }
      optimizer.update(rate: 1e-3)
    }
  }

  /// Restored pictures, nothing recorded.
  func inference(batch: Int) -> Figure.Prepared {
    let images = images(batch, "images")
    let network = network
    return .init(work: Double(batch), floor: Floor(operations: 2 * forwardOperations(batch))) {
      let restored = network.restored(Variable(images), in: .inference())
      guard restored.value[0].isFinite else { throw BenchmarkError.notFinite }
    }
  }
}
