import Backbones
import Layers
import Recipes
import Tensors

/// The decision whether what the frozen part of a network makes of pictures is kept, with its reason.
struct FrozenFeatures {
  /// Where it is kept; nil where it is not.
  let cache: FrozenFeatureCache?
  /// The decision in a sentence.
  let note: String

  /// How a run looks at its pictures.
  struct Pictures {
    /// Pictures that are learned from.
    let count: Int
    /// Pictures of all steps together.
    let shown: Int
    /// Keys of the recipe by which pictures vary in more than being mirrored.
    let variedKeys: [String]
    /// Versions of each picture: 1, or 2 where chance mirrors them.
    let versions: Int
  }

  /// A part with fewer blocks than this share of all is computed sooner than it is worth its memory.
  private static let leastShare = 1.0 / 8

  /// Decides.
  ///
  /// - Parameters:
  ///   - settings: the recipe's keys.
  ///   - network: the network.
  ///   - part: the cut up to which nothing is trained and nothing is drawn, and the shape of one picture
  ///     there; nil for a network that cannot be cut.
  ///   - pictures: how the run looks at its pictures.
  init(
    _ settings: FrozenFeatureSettings, of network: any Backbone,
    part: (cut: BackboneCut, shape: [Int])?, pictures: Pictures
  ) {
    let blocks = (network as? any SequentialBackbone)?.blockCount ?? 0
    if let part, let reason = Self.obstacle(settings, part, blocks: blocks, pictures) {
      cache = nil
      note = "Frozen features are not kept: \(reason)."
    } else if let part {
      let cache = FrozenFeatureCache(
        of: network, upTo: part.cut, shape: part.shape, pictures: pictures.count,
        versions: pictures.versions, limitBytes: settings.limitMiB << 20)
      let size = cache.capacity * FrozenFeatureCache.bytes(part.shape)
      note =
        "Frozen features: \(Self.text(part.cut, blocks: blocks)) the same in every step; kept for "
        + "\(cache.capacity) of \(pictures.count * pictures.versions) "
        + (pictures.versions > 1 ? "pictures and their mirror images" : "pictures")
        + ", at most \((size + (1 << 20) - 1) >> 20) MiB."
      self.cache = cache
    } else {
      cache = nil
      note = "Frozen features are not kept: the network is not a row of blocks."
    }
  }

  /// Runs `body` in a pass like those of the training, that records nothing.
  ///
  /// - Parameter headOnly: whether the network runs as in evaluation; else an adapter is trained on it.
  static func pass<Result>(headOnly: Bool, _ body: (ForwardContext) -> Result) -> Result {
    guard !headOnly else { return body(.inference()) }
    let context = ForwardContext.preview(random: RandomStream(seed: 0))
    return context.withRunningStatistics { body(context) }
  }

  /// Why nothing can be kept, or nil.
  private static func obstacle(
    _ settings: FrozenFeatureSettings, _ part: (cut: BackboneCut, shape: [Int]), blocks: Int,
    _ pictures: Pictures
  ) -> String? {
    if settings.cache == .off { return "training.frozenFeatureCache is off" }
    switch part.cut {
    case .pictures: return "something is trained, or drawn by chance, before the first block"
    case .blocks(let count) where Double(count) < leastShare * Double(blocks):
      return
        "only \(count) of \(blocks) blocks lie below everything that is trained or drawn by chance"
    case .blocks, .features: break
    }
    if let first = pictures.variedKeys.first {
      let others = pictures.variedKeys.count - 1
      return "pictures vary from step to step by \(first)"
        + (others > 0 ? " and \(others) other \(others > 1 ? "keys" : "key")" : "")
    }
    if pictures.shown <= pictures.count * pictures.versions {
      return "the run is so short that few pictures come a second time"
    }
    let size = FrozenFeatureCache.bytes(part.shape)
    if size > settings.limitMiB << 20 {
      return "one picture takes \((size + (1 << 20) - 1) >> 20) MiB, more than "
        + "training.frozenFeatureCacheMiB allows"
    }
    return nil
  }

  private static func text(_ cut: BackboneCut, blocks: Int) -> String {
    if case .blocks(let count) = cut { return "the first \(count) of \(blocks) blocks give" }
    return "the network gives"
  }
}
