public import Gradients
public import Layers
public import Tensors

/// Pooled features to the embedding that pairs share.
///
/// A linear map, and on request batch normalisation after it. The normalisation takes away what all
/// crops of a batch have in common; for an untrained vision transformer that is nearly everything, and
/// cosines of its plain embeddings hardly differ.
public final class EmbeddingHead: Module {
  /// The linear map.
  public let linear: Linear
  @Key("norm") private var norm: BatchNormalization?

  /// An untrained head, `featureWidth` → `width`.
  public init(
    _ featureWidth: Int, _ width: Int, normalizing: Bool = false, random: inout RandomStream
  ) {
    linear = Linear(uniform: featureWidth, width, random: &random)
    norm = normalizing ? BatchNormalization(width) : nil
  }

  /// Length of an embedding.
  public var width: Int { linear.weight.value.shape[0] }

  /// Embeddings whose lengths differ.
  ///
  /// **Shape**: `[batch, featureWidth]` → `[batch, width]`.
  public func callAsFunction(_ features: Variable, in context: ForwardContext) -> Variable {
    let embeddings = linear(features, in: context)
    return norm?(embeddings, in: context) ?? embeddings
  }
}
