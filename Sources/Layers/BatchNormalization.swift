public import Gradients
import Tensors

/// Batch normalisation of the last axis, with an optional residual and ReLU in the same pass.
///
/// In training the batch's own mean and biased variance are used and the running averages move by
/// `momentum` towards mean and unbiased variance; in evaluation the running averages are used.
/// **Shape**: `[batch, …, channels]` → the same.
/// **Source**: S. Ioffe, C. Szegedy, "Batch Normalization", 2015, arXiv 1502.03167.
public final class BatchNormalization: NormalizationLayer {
  /// `[channels]`, starts at 1.
  public let weight: Parameter
  /// `[channels]`, starts at 0.
  public let bias: Parameter
  @Key("running_mean") private var runningMean: Buffer
  @Key("running_var") private var runningVariance: Buffer
  @Key("num_batches_tracked") private var batchesTracked: Buffer
  private let epsilon: Float
  private let momentum: Float

  /// Makes the identity normalisation of `channels`.
  public init(_ channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]))
    bias = Parameter(Tensor(zeros: [channels]))
    self.epsilon = epsilon
    self.momentum = momentum
    runningMean = Buffer(Tensor(zeros: [channels]))
    runningVariance = Buffer(Tensor(repeating: 1, shape: [channels]))
    batchesTracked = Buffer(Tensor(0), isInteger: true)
  }

  /// Normalises, adds `residual`, rectifies.
  public func callAsFunction(
    _ input: Variable, residual: Variable? = nil, rectifying: Bool = false,
    in context: ForwardContext
  ) -> Variable {
    normalized(
      input, residual: residual, followedBy: rectifying ? .rectifier : .nothing, in: context)
  }

  /// Normalises, then applies the slopes of `rectifier`, keeping one tensor for both.
  public func callAsFunction(
    _ input: Variable, rectifier: ParametricRectifier, in context: ForwardContext
  ) -> Variable {
    // Programs that write a network down know the two operations one by one.
    if context.tape?.isTracing == true {
      return rectifier(self(input, in: context), in: context)
    }
    return normalized(
      input, residual: nil, followedBy: .slopes(rectifier.slopes(in: context)), in: context)
  }

  private func normalized(
    _ input: Variable, residual: Variable?, followedBy follower: NormalizationFollower,
    in context: ForwardContext
  ) -> Variable {
    let fixed =
      context.usesBatchStatistics
      ? nil : ChannelStatistics(mean: runningMean.value, variance: runningVariance.value)
    return input.channelNormalized(
      scale: context.variable(weight), shift: context.variable(bias), epsilon: epsilon, groups: 1,
      fixed: fixed, residual: residual, followedBy: follower
    ) { statistics in
      guard context.usesBatchStatistics, context.updatesStatistics else { return }
      self.track(statistics, count: input.value.rows)
    }
  }

  private func track(_ statistics: ChannelStatistics, count: Int) {
    let unbiased = Float(count) / Float(max(count - 1, 1))
    let channels = runningMean.value.count
    func moved(_ running: Tensor, _ batch: Tensor, _ factor: Float) -> Tensor {
      running.withPointer { old in
        batch.withPointer { new in
          Tensor(shape: [channels]) { target in
            for channel in 0..<channels {
              target[channel] =
                (1 - momentum) * old[channel] + momentum * new[channel] * factor
            }
          }
        }
      }
    }
    runningMean.value = moved(runningMean.value, statistics.mean, 1)
    runningVariance.value = moved(runningVariance.value, statistics.variance, unbiased)
    batchesTracked.value = Tensor(batchesTracked.value.scalar + 1)
  }
}

/// Instance normalisation of the last axis with scale and shift: every picture by its own statistics.
///
/// **Shape**: `[batch, …, channels]` → the same, in training and in evaluation alike.
/// **Source**: D. Ulyanov, A. Vedaldi, V. Lempitsky, 2016, arXiv 1607.08022.
public final class InstanceNormalization: NormalizationLayer {
  /// `[channels]`, starts at 1.
  public let weight: Parameter
  /// `[channels]`, starts at 0.
  public let bias: Parameter
  private let epsilon: Float

  /// Makes the identity normalisation of `channels`.
  public init(_ channels: Int, epsilon: Float = 1e-5) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]))
    bias = Parameter(Tensor(zeros: [channels]))
    self.epsilon = epsilon
  }

  /// Normalises every picture.
  public func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input.channelNormalized(
      scale: context.variable(weight), shift: context.variable(bias), epsilon: epsilon,
      groups: input.shape[0])
  }
}
