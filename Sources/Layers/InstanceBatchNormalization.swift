public import Gradients

/// Normalises the first half of the channels per picture and the second half over the batch (IBN-a).
///
/// **Shape**: `[batch, height, width, channels]` → the same.
/// **Source**: X. Pan, P. Luo, J. Shi, X. Tang, "Two at Once: Enhancing Learning and Generalization
/// Capacities via IBN-Net", 2018, arXiv 1807.09441.
public final class InstanceBatchNormalization: Module {
  @Key("IN") private var instance: InstanceNormalization
  @Key("BN") private var batch: BatchNormalization
  private let half: Int

  /// Makes the identity normalisation of `channels`.
  public init(_ channels: Int) {
    half = channels / 2
    instance = InstanceNormalization(half)
    batch = BatchNormalization(channels - half)
  }

  /// Normalises both halves.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    .concatenated(
      [
        instance(input.slice(0..<half, axis: 3), in: context),
        batch(input.slice(half..<input.shape[3], axis: 3), in: context),
      ], axis: 3)
  }
}
