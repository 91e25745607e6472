/// What a young vision transformer needs to learn from pairs at all.
///
/// It finds all crops alike: with the weights `p` of `tiny` its pairs hardly count, and plain contrast at
/// a low temperature falls into one point. These settings doubled the untrained mAP over 300 steps at
/// 128x64 (docs/results.md).
extension PretrainingRecipe {
  private static let transformerStartKeys: Set = [
    "model.embeddingNormalization", "isr.reliability", "isr.temperature", "isr.learningRate",
    "isr.minimumRate",
  ]

  /// Whether the network is a transformer, by its name in the catalog.
  public var hasTransformer: Bool {
    ["vit_", "swin", "beit", "deit"].contains { model.backbone.contains($0) }
  }

  /// Gives pairs the settings that a young transformer learns from.
  mutating func takeTransformerStart() {
    model.embeddingNormalization = .batch
    isr.reliability = .none
    isr.temperature = 0.3
    isr.learningRate = 7e-4
    isr.minimumRate = 1e-6
  }

  /// Whether pairs have the settings of ``takeTransformerStart()``.
  private var hasTransformerStart: Bool {
    var taken = self
    taken.takeTransformerStart()
    return taken == self
  }

  /// Takes the transformer's start where a transformer is asked for on the recipe `tiny`, whose settings of
  /// pairs are a convolutional network's, and none of those settings was given.
  public mutating func complete(given keys: Set<String>) {
    guard base == .tiny, hasTransformer, keys.isDisjoint(with: Self.transformerStartKeys) else {
      return
    }
    takeTransformerStart()
  }

  /// What a run on `tiny` says about the start of its transformer, in a sentence; nil where there is
  /// nothing to say.
  public var transformerNotice: String? {
    guard base == .tiny, hasTransformer, schedule.objective.includesPairs else { return nil }
    guard hasTransformerStart else {
      return
        "\(model.backbone) learns from pairs by the settings given, which differ from those that a "
        + "young transformer is known to learn from (recipe small)"
    }
    let keys = Self.transformerStartKeys.sorted().compactMap { key in
      Self.fields.first { $0.name == key }.map { "\(key)=\($0.text(self))" }
    }
    return
      "\(model.backbone) learns from pairs by the settings of recipe small, since a young transformer "
      + "finds all crops alike: " + keys.joined(separator: ", ")
  }
}
