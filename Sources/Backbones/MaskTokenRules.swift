/// How SimMIM treats the learned token that stands in for masked embeddings, by family of network.
///
/// **Source**: the SimMIM release, whose Swin and ViT encoders differ in both.
public struct MaskTokenRules: Sendable, Hashable {
  /// The token starts as N(0, 0.02²) cut at ± this value.
  public var limit: Float
  /// Whether the released training lets weight decay act on the token.
  public var decaysInRelease: Bool

  /// Makes rules from their values.
  public init(limit: Float, decaysInRelease: Bool) {
    self.limit = limit
    self.decaysInRelease = decaysInRelease
  }

  /// Swin, and the convolutional networks that the release does not have: cut so far out that nothing is
  /// cut, exempt from decay.
  public static let swin = MaskTokenRules(limit: 2, decaysInRelease: false)
  /// Vision transformers: cut at one deviation; the release means to exempt the token, and decays it.
  public static let visionTransformer = MaskTokenRules(limit: 0.02, decaysInRelease: true)
}
