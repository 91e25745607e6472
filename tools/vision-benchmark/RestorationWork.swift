import Backbones
import Gradients
import Layers
import Losses
import Optimizers
import Tensors

/// NAFNet in the published layout for motion blur, on random pictures that lie ready.
///
/// Channel attention averages the whole picture in inference too, which is what its peer computes.
struct RestorationWork {
  private let network: NAFNet
  private let extent: Extent

  init(channels width: Int, height: Int, width pixels: Int) {
    extent = Extent(height: height, width: pixels)
    network = NAFNet(
      .init(width: width, encoders: [1, 1, 1, 28], middle: 1, decoders: [1, 1, 1, 1]),
      random: RandomStream(seed: 1))
  }

  private func images(_ count: Int, _ purpose: String) -> Tensor {
    var stream = RandomStream(seed: 2).split(purpose)
    let block = (0..<8191).map { _ in stream.uniform() }
    let size = count * extent.height * extent.width * 3
    return Tensor(
      (0..<size).map { block[$0 % block.count] }, shape: [count, extent.height, extent.width, 3])
  }

  /// L1 distance, backward, AdamW.
  func steps(batch: Int) -> Figure.Prepared {
    let optimizer = AdamW(network.parameters)
    let (images, truth) = (images(batch, "images"), images(batch, "truth"))
    let forward = Double(network.multiplyAccumulates(of: extent) * batch)
    let network = network
    return .init(work: Double(batch), floor: Floor(operations: 6 * forward)) {
      let context = ForwardContext.training(random: RandomStream(seed: 3))
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
    let forward = Double(network.multiplyAccumulates(of: extent) * batch)
    let network = network
    return .init(work: Double(batch), floor: Floor(operations: 2 * forward)) {
      let restored = network.restored(Variable(images), in: .inference())
      guard restored.value[0].isFinite else { throw BenchmarkError.notFinite }
    }
  }
}
