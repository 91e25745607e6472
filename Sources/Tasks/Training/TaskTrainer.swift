import Adapters
import Gradients
import Layers
import Optimizers
public import Recipes
public import Tensors
import Training

/// What one step of a task did.
public struct TaskStep: Sendable, Hashable {
  /// Number of the step, from 0.
  public var step: Int
  /// Pictures learned from.
  public var images: Int
  /// Measurements by name; `loss`, `rate` and `gradientNorm` are always there.
  public var values: [String: Double]
  /// Seconds the trainer waited for its batch.
  public var waited: Double
  /// The score after this step, when one was due.
  public var score: TaskScore?
  /// Whether that score is the best so far.
  public var isBest = false
}

/// Runs the steps of a task one by one, scores what is held out, and knows when to stop.
///
/// Every step depends only on the weights, the optimizer's moments, the recipe and the step's number,
/// so a trainer restored from a checkpoint continues with the same bits.
public final class TaskTrainer<Task: FinetuneTask> {
  /// What is learned.
  public let task: Task
  /// Length, optimisation, choice of the best weights.
  public let settings: FinetuneSettings
  /// Steps of the whole run.
  public let totalSteps: Int
  /// Number of the next step.
  public internal(set) var step = 0
  /// The best score so far.
  public internal(set) var best: TaskScore?
  /// Number of steps done when the best score was reached.
  public internal(set) var bestStep = 0
  /// Scores since the best one.
  public internal(set) var scoresSinceBest = 0
  var optimizer: AdamW
  var average: ExponentialAverage?
  private let isScored: Bool
  private let random: RandomStream
  private let rates: LayerRates
  private let schedule: WarmupCosine
  private var prefetcher: Prefetcher<Task.Batch>?

  /// Plans the run of a task whose trainable parameters are already chosen.
  ///
  /// - Parameter isScored: whether what is held out is looked at.
  public init(
    _ task: Task, settings: FinetuneSettings, random: RandomStream, isScored: Bool = true
  ) {
    self.task = task
    self.settings = settings
    self.isScored = isScored
    self.random = random.split("training")
    totalSteps = settings.epochs > 0 ? task.steps(epochs: settings.epochs) : settings.steps
    rates = LayerRates(
      paths: task.network.parameters.map(\.path), core: Float(settings.coreFactor),
      decay: Float(settings.layerDecay))
    schedule = WarmupCosine(
      total: totalSteps, warmup: Int(Double(totalSteps) * settings.warmupFraction),
      peak: Float(settings.learningRate), start: 0, minimum: Float(settings.minimumRate))
    optimizer = AdamW([])
    start(at: 0)
  }

  /// Makes `step` the next one, with fresh moments and averages.
  func start(at step: Int) {
    self.step = step
    prefetcher = nil
    for (_, parameter) in task.parameters { parameter.gradient = nil }
    let own = Set(task.ownParameters.map { ObjectIdentifier($0) })
    let parameters = task.parameters.filter { !own.contains(ObjectIdentifier($0.parameter)) }
    let rates = rates
    optimizer = AdamW(
      parameters, beta2: Float(settings.beta2), weightDecay: Float(settings.weightDecay)
    ) { rates.factor($0) }
    // A frozen parameter is its own average.
    average =
      settings.exponentialMovingAverage > 0
      ? ExponentialAverage(
        parameters.filter(\.parameter.isTrainable), buffers: task.network.buffers,
        decay: Float(settings.exponentialMovingAverage)) : nil
  }

  /// Whether all steps are done, or no better score has come for as long as the recipe waits.
  public var isFinished: Bool { step >= totalSteps || isStoppedEarly }

  /// Whether the run ends before its last step because scores stopped rising.
  public var isStoppedEarly: Bool {
    settings.patience > 0 && scoresSinceBest >= settings.patience && step < totalSteps
  }

  /// Runs the next step and, when one is due, the score after it.
  ///
  /// - Throws: ``TaskError/notFinite(step:what:)`` when the loss or the gradient diverges; weights and
  ///   running statistics are then those before the step.
  public func advance() throws -> TaskStep {
    precondition(!isFinished, "TaskTrainer: step \(step) of \(totalSteps)")
    let statistics = task.network.buffers.map { ($0.buffer, $0.buffer.value) }
    do {
      return try learn()
    } catch {
      for (buffer, value) in statistics { buffer.value = value }
      for (_, parameter) in task.parameters { parameter.gradient = nil }
      prefetcher = nil
      throw error
    }
  }

  private func learn() throws -> TaskStep {
    if prefetcher == nil {
      prefetcher = Prefetcher(from: step, to: totalSteps, make: task.batches)
    }
    guard let (batch, waited) = try prefetcher?.next() else {
      preconditionFailure("the prefetcher was just made")
    }
    let allocator = task.adapter?.allocator
    allocator?.beforeForward(step: step, of: totalSteps)
    let context = ForwardContext.training(
      random: random.split(step), checkpointing: settings.activationCheckpointing)
    var learned = try task.learn(from: batch, in: context)
    if let penalty = task.adapter?.adapter.penalty(in: context) {
      learned.values["penalty"] = Double(penalty.value.scalar)
      learned.loss = learned.loss + penalty
    }
    let value = Double(learned.loss.value.scalar)
    guard value.isFinite else { throw TaskError.notFinite(step: step, what: "loss") }
    context.backward(from: learned.loss)
    allocator?.afterBackward(step: step, of: totalSteps)
    let norm = optimizer.gradientNorm
    guard norm.isFinite, task.ownParameters.allSatisfy({ $0.gradient?.isFinite ?? true }) else {
      throw TaskError.notFinite(step: step, what: "gradient")
    }
    let rate = schedule.rate(at: step)
    optimizer.update(rate: rate, clip: settings.clip > 0 ? Float(settings.clip) : nil)
    task.moveOwnParameters(
      share: settings.learningRate > 0 ? rate / Float(settings.learningRate) : 0)
    allocator?.afterUpdate(step: step, of: totalSteps)
    if let changes = allocator?.takeChanges() {
      optimizer.carry(changes)
      average?.carry(changes)
    }
    average?.update()
    var report = TaskStep(
      step: step, images: learned.images, values: learned.values, waited: waited)
    report.values["loss"] = value
    report.values["rate"] = Double(rate)
    report.values["gradientNorm"] = Double(norm)
    step += 1
    if isScored, step % settings.evaluateEverySteps == 0 || step == totalSteps {
      try score(&report)
    }
    return report
  }

  /// Scores the weights that would be kept, and counts.
  private func score(_ report: inout TaskStep) throws {
    guard let score = try withKeptWeights({ try task.score() }) else { return }
    report.score = score
    report.values.merge(score.values) { $1 }
    report.values[score.name] = score.value
    // The later of two equal scores has learned longer.
    if score.value >= best?.value ?? -.infinity {
      best = score
      bestStep = step
      scoresSinceBest = 0
      report.isBest = true
    } else {
      scoresSinceBest += 1
    }
  }

  /// Runs `body` with the weights that are kept: the averages when the run keeps them.
  ///
  /// What a rank allocation has dropped is dropped from the averages too.
  public func withKeptWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let average else { return try body() }
    let drop = task.adapter?.allocator?.dropping()
    return try average.substituted {
      drop?()
      return try body()
    }
  }
}
