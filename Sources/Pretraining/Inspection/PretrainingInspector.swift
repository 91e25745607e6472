public import Backbones
import Batches
import Datasets
import Gradients
import Layers
import Losses
import Matching
import Metrics
public import Recipes
import Tensors

/// Looks at what a pretrained model does: the pairs it finds, what it fills in, which crops it finds
/// alike.
public struct PretrainingInspector {
  let model: PretrainingModel
  let source: CropSource
  let recipe: PretrainingRecipe
  let preprocessing: Preprocessing
  let random: RandomStream

  /// Looks at a model on the crops of a store.
  public init(
    model: PretrainingModel, source: CropSource, recipe: PretrainingRecipe,
    preprocessing: Preprocessing
  ) {
    self.model = model
    self.source = source
    self.recipe = recipe
    self.preprocessing = preprocessing
    random = RandomStream(seed: UInt64(recipe.seed)).split("inspection")
  }

  var extent: Extent { model.backbone.inputExtent }

  /// Matches frame pairs spread over the footage with the trained network in evaluation mode.
  ///
  /// Frame pairs are drawn as at the end of training; every batch gives the negatives of its pairs.
  /// - Parameter limit: number of frame pairs.
  public func pairs(limit: Int) throws -> [InspectedPair] {
    try batches(limit: limit).flatMap { try inspect($0) }
  }

  /// Different frame pairs spread over the footage, in the batches in which they are matched.
  func batches(limit: Int) -> [[FramePair]] {
    let store = source.store
    let sampler = FramePairSampler(
      frames: store.frames(), settings: recipe.isr,
      samplingRate: recipe.extraction.samplingRate, random: random)
    var result: [[FramePair]] = []
    var drawn = 0
    var seen: Set<FramePair> = []
    // Footage with few usable frames repeats its pairs; a fixed number of tries ends the search.
    for step in 0..<(4 * limit / max(recipe.isr.pairsPerBatch, 1) + 1) {
      guard drawn < limit else { break }
      let batch = sampler.pairs(step: step, progress: 1).filter { seen.insert($0).inserted }
      guard !batch.isEmpty else { continue }
      drawn += batch.count
      result.append(batch)
    }
    return result
  }

  private func inspect(_ framePairs: [FramePair]) throws -> [InspectedPair] {
    let store = source.store
    let crops = framePairs.flatMap { $0.first + $0.second }
    let embeddings = try embed(crops)
    let matched = try PairMiner(recipe.isr.matcher).batch(embeddings, framePairs: framePairs)
    let unit = Variable(embeddings)
    let similarity = unit.multiplied(by: unit, transposingOther: true).value.values
    let contrast = PairContrast(recipe.isr)
    let result = contrast(unit, batch: matched)
    let rows = crops.count
    func rank(_ anchor: Int, _ partner: Int) -> Int {
      let score = similarity[anchor * rows + partner]
      return 1
        + (0..<rows).filter {
          matched.frame[$0] == matched.frame[partner] && similarity[anchor * rows + $0] > score
        }.count
    }
    return matched.pairs.indices.map { index in
      let pair = matched.pairs[index]
      let (a, b) = (crops[pair.first], crops[pair.second])
      let (first, second) = (store.records[a], store.records[b])
      var same: Bool?
      if let left = first.identity, let right = second.identity { same = left == right }
      let forwardRank = rank(pair.first, pair.second)
      return InspectedPair(
        video: first.video, clip: first.clip, firstTimestamp: first.timestamp,
        secondTimestamp: second.timestamp, gap: second.seconds - first.seconds, firstCrop: a,
        secondCrop: b, firstKey: store.key(at: a), secondKey: store.key(at: b),
        similarity: Double(similarity[pair.first * rows + pair.second]),
        forward: Double(result.forward[index]), backward: Double(result.backward[index]),
        rank: forwardRank, isMutual: forwardRank == 1 && rank(pair.second, pair.first) == 1,
        isSamePerson: same)
    }
  }

  /// Unit embeddings of crops in evaluation mode, `[crops, width]`.
  private func embed(_ crops: [Int]) throws -> Tensor {
    try pooled(crops) { model.embeddings(of: $0, in: .inference()).value }
  }

  private func pooled(_ crops: [Int], _ run: (Variable) -> Tensor) throws -> Tensor {
    var parts: [Variable] = []
    for start in stride(from: 0, to: crops.count, by: 64) {
      let images = try crops[start..<min(start + 64, crops.count)].map { try source.image(at: $0) }
      let input = PictureBatch.tensor(images, extent: extent, preprocessing: preprocessing)
      parts.append(Variable(run(Variable(input))))
    }
    return Variable.concatenated(parts, axis: 0).value
  }

  /// A crop and the crops most like it.
  public struct Likeness: Sendable {
    /// Position of the anchor in the store.
    public var anchor: Int
    /// Positions and cosines, nearest first.
    public var neighbours: [(crop: Int, similarity: Double)]
  }

  /// The nearest crops, by pooled features, of anchors spread over the footage.
  ///
  /// Crops of the anchor's own video within `minimumGap` seconds are left out: they are trivial.
  public func likenesses(
    anchors: Int = 8, neighbours: Int = 6, pool: Int = 1500, minimumGap: Double = 2
  ) throws -> [Likeness] {
    let store = source.store
    var random = random.split("pool")
    let candidates = random.permutation(store.count).prefix(pool).sorted()
    let features = try pooled(candidates) {
      model.backbone.features(of: $0, in: .inference()).l2Normalized().value
    }
    let chosen = (0..<min(anchors, candidates.count)).map {
      $0 * candidates.count / min(anchors, candidates.count)
    }
    let similarity = Variable(features).gathered(chosen)
      .multiplied(by: Variable(features), transposingOther: true).value.values
    let records = store.records
    return chosen.enumerated().map { row, anchor in
      let own = records[candidates[anchor]]
      let others = candidates.indices.filter { index in
        let other = records[candidates[index]]
        return other.video != own.video || abs(other.seconds - own.seconds) >= minimumGap
      }
      let nearest = others.sorted {
        similarity[row * candidates.count + $0] > similarity[row * candidates.count + $1]
      }.prefix(neighbours)
      return Likeness(
        anchor: candidates[anchor],
        neighbours: nearest.map {
          (candidates[$0], Double(similarity[row * candidates.count + $0]))
        })
    }
  }
}
