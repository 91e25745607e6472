public import Backbones
import Datasets
import Gradients
import Layers
import Losses
import Metrics
import Optimizers
public import Recipes
import Tensors
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs the steps of a pretraining plan one by one.
///
/// Every step depends only on the weights, the optimizer's moments, the recipe and the step's number,
/// so a trainer restored from a checkpoint continues with the same bits.
public final class PretrainingTrainer {
  private enum Batch: Sendable {
    case masked([MaskedBatch])
    case paired(PairedBatch)
    case joint([MaskedBatch], PairedBatch)
  }

  private struct PreparedBatch: Sendable {
    var batch: Batch
    /// Seconds in which it could not be prepared because its footage had not been read.
    var waitedForFootage: Double
  }

  /// The network and its heads.
  public let model: PretrainingModel
  /// What to learn and how.
  public let recipe: PretrainingRecipe
  /// The stages.
  public let plan: PretrainingPlan
  /// Number of the next step.
  public internal(set) var step = 0
  /// Moments of the stage the next step belongs to.
  var optimizer: AdamW
  /// Moving average of all weights, when the recipe asks for one.
  var average: ExponentialAverage?
  /// The averaged weights that match pairs in this stage, when the recipe asks for them.
  var teacher: ExponentialAverage?
  /// Embeddings of earlier steps of this stage, when the recipe asks for them.
  var queue: NegativeQueue?
  /// Which part of the footage a step may see.
  public let rule: FootageRule
  /// Seconds the trainer waited for the footage of the first step.
  public let headWait: Double
  private let maker: BatchMaker
  private let source: CropSource
  private let random: RandomStream
  private let miner: PairMiner
  private let statistics: [(path: String, buffer: Buffer)]
  private var prefetcher: (stage: PretrainingPlan.Stage, batches: Prefetcher<PreparedBatch>)?

  /// Plans the run and checks that the recipe suits the store and the backbone.
  ///
  /// Footage may still be read meanwhile; waits for the part that the first step needs. `videos` is the
  /// number of videos that it is read from, by which masked modelling may leave one out.
  /// - Throws: ``PretrainingError``, or `DatasetError` when a crop cannot be read.
  public init(
    recipe: PretrainingRecipe, source: CropSource, model: PretrainingModel,
    preprocessing: Preprocessing, videos: Int = 1
  ) throws {
    let backbone = model.backbone
    let extent = backbone.inputExtent
    try Self.check(recipe, backbone: backbone)
    self.recipe = recipe
    self.source = source
    self.model = model
    statistics = model.buffers
    random = RandomStream(seed: UInt64(recipe.seed)).split("training")
    maker = BatchMaker(
      source: source, recipe: recipe, extent: extent, preprocessing: preprocessing,
      random: random.split("batches"), holdsOut: recipe.simmim.holdsOut(ofVideos: videos))
    var waited = recipe.countsEpochs ? try maker.reveal(.max) : 0
    plan = PretrainingPlan(recipe: recipe, crops: maker.maskedCrops, frames: maker.pairableFrames)
    rule = FootageRule(recipe: recipe, firstStage: plan.stages.first?.steps ?? 0)
    waited += try maker.reveal(rule.frames(at: 0))
    headWait = waited
    guard maker.crops > 0 else { throw PretrainingError.noCrops }
    miner = PairMiner(recipe.isr.matcher)
    if recipe.schedule.objective.includesPairs, !maker.hasPairs {
      throw PretrainingError.noPairs
    }
    optimizer = AdamW([])
    startStage()
    if recipe.optimizer.exponentialMovingAverage > 0 {
      average = ExponentialAverage(
        model.parameters, buffers: model.buffers,
        decay: Float(recipe.optimizer.exponentialMovingAverage))
    }
  }

  /// Checks that masks suit the network, before there is anything to train on.
  ///
  /// - Throws: ``PretrainingError/unsuitable(reason:)``.
  public static func check(
    _ recipe: PretrainingRecipe, backbone: any MaskableBackbone
  ) throws(PretrainingError) {
    if recipe.schedule.objective.includesPairs, recipe.isr.selectiveBackward > 0,
      !backbone.buffers.isEmpty || recipe.model.dropPath > 0
    {
      throw .unsuitable(
        reason: "isr.selectiveBackward leaves crops out, which needs a network whose crops do not "
          + "depend on each other: a vision transformer without model.dropPath; set it to 0 here.")
    }
    guard recipe.schedule.objective.includesMasking else { return }
    let (unit, extent) = (recipe.simmim.maskUnit, backbone.inputExtent)
    guard extent.height % unit == 0, extent.width % unit == 0 else {
      throw .unsuitable(
        reason: "The mask unit simmim.maskUnit=\(unit) does not divide pictures of "
          + "\(extent.height)x\(extent.width); choose a unit that does.")
    }
    guard unit % backbone.maskStride == 0 else {
      throw .unsuitable(
        reason:
          "The mask unit simmim.maskUnit=\(unit) is no multiple of \(backbone.maskStride), the "
          + "patch or stem stride of this backbone.")
    }
  }

  /// Makes `step` the next one; the weights and moments are set by the caller.
  func continueFrom(step: Int) {
    self.step = step
    prefetcher = nil
    for (_, parameter) in model.parameters { parameter.gradient = nil }
    startStage()
    if let decay = average?.decay {
      average = ExponentialAverage(model.parameters, buffers: model.buffers, decay: decay)
    }
  }

  /// Makes the optimizer of the stage the next step belongs to.
  private func startStage() {
    let stage = plan.stage(at: step) ?? plan.stages.last
    let isMasked = stage?.objective == .simmim
    let (settings, token) = (recipe.simmim, model.backbone.maskTokenRules)
    optimizer = AdamW(
      model.parameters, beta1: Float(recipe.optimizer.beta1), beta2: Float(recipe.optimizer.beta2),
      epsilon: Float(recipe.optimizer.epsilon),
      weightDecay: Float(isMasked ? settings.weightDecay : recipe.isr.weightDecay),
      decays: { isMasked ? settings.decays($0, $1, token: token) : $1.decays })
    let (decay, capacity) = (recipe.isr.matchTeacher, recipe.isr.negativeQueue)
    teacher =
      isMasked || decay == 0
      ? nil
      : ExponentialAverage(model.parameters, buffers: model.buffers, decay: Float(decay))
    queue =
      isMasked || capacity == 0
      ? nil
      : NegativeQueue(
        capacity: capacity, width: model.embeddingWidth, walkSeconds: recipe.isr.walkSeconds)
    // The coming stage works with other shapes; what the last one cached would only lie there.
    Compute.releaseCachedBuffers()
  }

  /// Crops of the store that masked modelling does not see, once all footage has been read; nil for none.
  public var heldOut: Range<Int>? { maker.heldOut }

  /// Whether all steps are done.
  public var isFinished: Bool { step >= plan.totalSteps }

  /// Runs the next step.
  ///
  /// - Throws: ``PretrainingError/notFinite(step:what:)`` when the loss or the gradient diverges;
  ///   weights and running statistics are then those before the step.
  public func advance() throws -> StepReport {
    guard let stage = plan.stage(at: step) else {
      preconditionFailure("PretrainingTrainer: step \(step) is past the plan")
    }
    let before = statistics.map(\.buffer.value)
    let queueBefore = queue
    do {
      return try advance(stage)
    } catch {
      queue = queueBefore
      for (index, entry) in statistics.enumerated() { entry.buffer.value = before[index] }
      // Whatever part of the step was done must not reach the next one.
      for (_, parameter) in model.parameters { parameter.gradient = nil }
      prefetcher = nil
      throw error
    }
  }

  private func advance(_ stage: PretrainingPlan.Stage) throws -> StepReport {
    let (prepared, waited) = try nextBatch(stage)
    let local = step - stage.start
    let rate = rate(of: stage, at: local)
    var report = StepReport(
      step: step, objective: stage.objective, images: 0, pairs: 0, values: ["rate": Double(rate)],
      waited: waited, waitedForFootage: min(waited, prepared.waitedForFootage))
    switch prepared.batch {
    case .masked(let parts):
      try learnMasked(parts, &report)
    case .paired(let pairs):
      try learnPairs(pairs, weight: 1, &report)
    case .joint(let parts, let pairs):
      try learnMasked(parts, &report)
      try learnPairs(pairs, weight: Float(recipe.schedule.jointWeight), &report)
    }
    let norm = optimizer.gradientNorm
    guard norm.isFinite else { throw PretrainingError.notFinite(step: step, what: "gradient") }
    let clip = Float(stage.objective == .simmim ? recipe.simmim.clip : recipe.isr.clip)
    optimizer.update(rate: rate, clip: clip > 0 ? clip : nil)
    average?.update()
    teacher?.update()
    report.values["gradientNorm"] = Double(norm)
    step += 1
    if let next = plan.stage(at: step), next.start == step { startStage() }
    return report
  }

  private func rate(of stage: PretrainingPlan.Stage, at step: Int) -> Float {
    if stage.objective == .simmim { return recipe.simmim.rate(at: step, of: stage.steps) }
    let settings = recipe.isr
    return WarmupCosine(
      total: stage.steps, warmup: Int(Double(stage.steps) * settings.warmupFraction),
      peak: Float(settings.learningRate), start: 0, minimum: Float(settings.minimumRate)
    ).rate(at: step)
  }

  private func nextBatch(_ stage: PretrainingPlan.Stage) throws -> (PreparedBatch, Double) {
    if prefetcher?.stage != stage {
      let (maker, rule, first, recipe) = (maker, rule, stage.start, recipe)
      let batches = Prefetcher<PreparedBatch>(from: step, to: first + stage.steps) { step in
        let waited = try maker.reveal(rule.frames(at: step))
        let local = step - first
        func masked() throws -> [MaskedBatch] {
          try (0..<recipe.optimizer.gradientAccumulation).map {
            try maker.maskedBatch(step: local, part: $0)
          }
        }
        func paired() throws -> PairedBatch {
          try maker.pairedBatch(
            step: local, progress: Double(local) / Double(max(stage.steps, 1)))
        }
        let batch: Batch =
          switch stage.objective {
          case .simmim: .masked(try masked())
          case .isr: .paired(try paired())
          case .joint: .joint(try masked(), try paired())
          }
        return PreparedBatch(batch: batch, waitedForFootage: waited)
      }
      prefetcher = (stage, batches)
    }
    guard let next = try prefetcher?.batches.next() else {
      preconditionFailure("PretrainingTrainer: no batch for step \(step)")
    }
    return (next.batch, next.waited)
  }

  private func learnMasked(_ parts: [MaskedBatch], _ report: inout StepReport) throws {
    var total = 0.0
    for (index, part) in parts.enumerated() {
      let context = recordedPass(random.split("masked").split(step).split(index))
      let loss = maskedLoss(part, in: context) * (1 / Float(parts.count))
      total += Double(loss.value.scalar)
      guard total.isFinite else {
        throw PretrainingError.notFinite(step: step, what: "reconstruction loss")
      }
      context.backward(from: loss)
      report.images += part.masks.count
    }
    report.values["loss.simmim"] = total
  }

  private func recordedPass(_ random: RandomStream) -> ForwardContext {
    .training(random: random, checkpointing: recipe.model.activationCheckpointing)
  }

  /// The reconstruction loss of one batch.
  func maskedLoss(_ batch: MaskedBatch, in context: ForwardContext) -> Variable {
    let generator = maker.maskGenerator
    let cells = batch.masks.flatMap {
      generator.expanded($0, stride: model.backbone.maskStride)
    }
    let pixels = batch.masks.flatMap { generator.expanded($0, stride: 1) }
    let images = Variable(batch.images)
    let output = model.reconstruction(of: images, mask: cells, in: context)
    return MaskedReconstruction()(
      output, target: batch.target,
      mask: Tensor(pixels.map { $0 ? 1 : 0 }, shape: [pixels.count]))
  }

  private func learnPairs(
    _ batch: PairedBatch, weight: Float, _ report: inout StepReport
  ) throws {
    guard !batch.crops.isEmpty else {
      report.alarm =
        "No frame pair could be drawn, so nothing was learned from pairs: no two frames with persons "
        + "lie close enough in time yet; a longer isr.gapMaximumStart avoids this."
      return
    }
    let stream = random.split("paired").split(step)
    let matchingView = matchingView(of: batch)
    let pass = PairPass(batch.images, through: model, leavingOut: recipe.isr.selectiveBackward) {
      self.recordedPass(stream)
    }
    let embeddings = pass.embeddings
    guard embeddings.value.isFinite, matchingView?.isFinite ?? true else {
      throw PretrainingError.notFinite(step: step, what: "embedding")
    }
    // Cycle association compares all crops of two frames without pairing them.
    let matched =
      recipe.isr.reliability == .cycas
      ? PairMiner.unmatched(batch.framePairs)
      : try miner.batch(
        matchingView ?? embeddings.value, framePairs: batch.framePairs,
        name: { "frame pair \($0) of step \(self.step)" })
    let loss = pairLoss(embeddings, matched, batch: batch, &report)
    queue?.append(embeddings.value, of: batch.framePairs)
    let value = Double(loss.value.scalar)
    guard value.isFinite else { throw PretrainingError.notFinite(step: step, what: "pair loss") }
    if let outcome = pass.backward(from: weight == 1 ? loss : loss * weight) {
      report.values["backwardCrops"] = outcome.keptCrops
      report.values["leftOutGradient"] = outcome.leftOutGradient
    }
    measure(embeddings.value, matched, batch, &report)
    report.values["loss.isr"] = value
    report.pairs = matched.pairs.count
    for pair in matched.pairs {
      report.pairsByVideo[source.store.records[batch.crops[pair.first]].video, default: 0] += 1
    }
    report.images += batch.crops.count
  }

  /// The embeddings that pairs are matched by; nil where those that are learned from serve.
  private func matchingView(of batch: PairedBatch) -> Tensor? {
    // Without clean crops only the averaged weights see anything else than the pass that learns.
    guard batch.cleanImages != nil || teacher != nil else { return nil }
    let images = Variable(batch.cleanImages ?? batch.images)
    let preview = ForwardContext.preview(random: random.split("preview").split(step))
    func look() -> Tensor { model.embeddings(of: images, in: preview).value }
    return teacher?.substituted(look) ?? look()
  }

  private func pairLoss(
    _ embeddings: Variable, _ matched: PairBatch, batch: PairedBatch, _ report: inout StepReport
  ) -> Variable {
    let settings = recipe.isr
    if settings.reliability == .cycas {
      let cycle = CycleAssociation()
      var row = 0
      var losses: [Variable] = []
      for pair in batch.framePairs {
        let (n, m) = (pair.first.count, pair.second.count)
        losses.append(
          cycle(
            embeddings.slice(row..<row + n, axis: 0),
            embeddings.slice(row + n..<row + n + m, axis: 0)))
        row += n + m
      }
      return losses.dropFirst().reduce(losses[0], +) * (1 / Float(losses.count))
    }
    let result = PairContrast(settings)(
      embeddings, batch: matched, past: queue?.negatives(of: batch.framePairs))
    let count = Double(max(matched.pairs.count, 1))
    report.values["probability"] =
      zip(result.forward, result.backward).reduce(0) { $0 + Double($1.0 + $1.1) / 2 } / count
    report.values["contrast"] =
      zip(result.forward, result.backward).reduce(0) {
        $0 - (logarithm(Double($1.0)) + logarithm(Double($1.1))) / 2
      } / count
    report.values["reliability"] = result.weights.reduce(0) { $0 + Double($1) } / count
    return result.loss
  }

  private func measure(
    _ embeddings: Tensor, _ matched: PairBatch, _ batch: PairedBatch, _ report: inout StepReport
  ) {
    let unit = Variable(embeddings)
    let statistics = PairStatistics(
      similarity: unit.multiplied(by: unit, transposingOther: true).value.values,
      embeddings: embeddings.values, width: embeddings.columns, batch: matched,
      identities: batch.crops.map { source.store.identity(at: $0) })
    report.values.merge(statistics.values) { $1 }
    if let spread = statistics.values["spread"], spread < 0.2, embeddings.rows > 1 {
      let figure = (spread * 100).rounded() / 100
      report.alarm =
        "The embeddings collapse (spread \(figure), alarm below 0.2): all crops look alike to the "
        + "network; start again with a lower rate: --set isr.learningRate=…, or a higher "
        + "temperature: --set isr.temperature=…."
    }
  }
}

/// Natural logarithm of a probability, finite for 0.
private func logarithm(_ probability: Double) -> Double { log(max(probability, 1e-30)) }
