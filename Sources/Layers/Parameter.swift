public import Tensors

/// A tensor that training changes: it has identity, so that optimizers, freezing, tying and checkpoints
/// can refer to it.
public final class Parameter {
  /// Current value, in the axis order of published checkpoints.
  public var value: Tensor
  /// Gradient of the last backward pass, or `nil`.
  public var gradient: Tensor?
  /// Whether gradients are computed for it; a frozen parameter costs nothing in the backward pass.
  public var isTrainable = true
  /// Whether weight decay applies.
  ///
  /// Vectors, biases, tokens and position tables are exempt.
  public let decays: Bool
  /// Trained copies that stand in for the value, or `nil` where there never were any.
  public var tuning: ParameterTuning?

  /// Makes a parameter; tensors of two or more axes decay unless said otherwise.
  public init(_ value: Tensor, decays: Bool? = nil) {
    self.value = value
    self.decays = decays ?? (value.rank >= 2)
  }
}

/// A tensor that belongs to a model's state but is no parameter, such as running statistics.
public final class Buffer {
  /// Current value.
  public var value: Tensor
  /// Whether checkpoints store it as 64-bit integers, as counters are.
  public let isInteger: Bool

  /// Makes a buffer.
  public init(_ value: Tensor, isInteger: Bool = false) {
    self.value = value
    self.isInteger = isInteger
  }
}
