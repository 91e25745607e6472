public import Backbones
import Gradients
public import Layers
public import Tensors

/// A network with the head of face recognition.
public final class FaceNetwork: Module {
  /// The network that was there before.
  public let backbone: any Backbone
  /// What the task adds.
  public let head: FaceHead

  /// Puts an untrained head on a network.
  ///
  /// - Parameter rate: peak rate of a head that moves by a rule of its own.
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a head that does not exist or fit.
  public init(
    backbone: any Backbone, shape: FaceHead.Shape, rate: Float = 0.1, random: RandomStream
  ) throws(TaskError) {
    self.backbone = backbone
    head = try FaceHead(shape, rate: rate, random: random.split("head"))
  }

  /// The compared vectors.
  ///
  /// **Shape**: `[batch, height, width, 3]`, or what stands at `cut`, → `[batch, embedding]`, of any
  /// length.
  public func vectors(
    of images: Tensor, from cut: BackboneCut = .pictures, qualities: [Float]? = nil
  ) -> Tensor {
    let context = ForwardContext.inference()
    context.quality = qualities
    let features = backbone.features(of: Variable(images), from: cut, in: context)
    return head.embedded(features, in: context).value
  }
}
