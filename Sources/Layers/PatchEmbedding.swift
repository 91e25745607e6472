public import Gradients
public import Tensors

/// Cuts a picture into patches and maps each to a token, normalised where asked for.
///
/// **Shape**: `[batch, height, width, 3]` → `[batch, patches, width]`, row by row.
public final class PatchEmbedding: Module {
  private let proj: Convolution2D
  private let norm: LayerNormalization?

  /// Makes an embedding of square patches; `normalization` is the ε of a layer norm after the map.
  public init(
    patch: Int, width: Int, normalization epsilon: Float? = nil,
    initialization: Convolution2D.Initialization = .uniformFanIn, random: inout RandomStream
  ) {
    norm = epsilon.map { LayerNormalization(width, epsilon: $0) }
    proj = Convolution2D(
      3, width, kernel: patch, stride: patch, hasBias: true, initialization: initialization,
      random: &random)
  }

  /// Embeds every patch.
  public func callAsFunction(_ images: Variable, in context: ForwardContext) -> Variable {
    let map = proj(images, in: context)
    let tokens = map.reshaped([map.shape[0], map.shape[1] * map.shape[2], map.shape[3]])
    return norm.map { $0(tokens, in: context) } ?? tokens
  }
}
