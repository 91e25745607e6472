public import Foundation
import Layers
import Optimizers
public import Storage
import Tensors
public import Training

/// The state of a run that is not in a weight file.
public struct PretrainingState: RunState, Codable, Hashable {
  /// Number of the next step.
  public var step: Int
  /// First step of the stage that was going on, or of the last one after the end.
  public var stageStart: Int
  /// Updates of the current stage's optimizer.
  public var optimizerStep: Int
  /// Steps of the whole plan.
  public var totalSteps: Int
  /// Pictures trained on so far.
  public var images: Int
  /// Pairs matched so far.
  public var pairs: Int
  /// Pairs matched so far in each video that gave any, by its name.
  public var pairsByVideo: [String: Int] = [:]
  /// Seconds of training so far.
  public var seconds: Double
  /// Seconds of all parts of the run so far, the extraction of crops included.
  public var elapsed: Double
  /// Seconds in which training waited for footage, its first step aside.
  public var waited: Double
  /// Largest resident set of any part of the run so far, in bytes.
  public var peakResidentBytes: Int
  /// Threads the run uses; another number would change the last bits.
  public var threads: Int
  /// What looked wrong during training, each kind once, with its first step.
  public var alarms: [String] = []

  /// Pictures trained on per second, the waiting for footage aside.
  public var imagesPerSecond: Double { Double(images) / max(seconds - waited, 1e-9) }

  /// Makes a state.
  public init(
    step: Int = 0, stageStart: Int = 0, optimizerStep: Int = 0, totalSteps: Int = 0,
    images: Int = 0, pairs: Int = 0,
    seconds: Double = 0, elapsed: Double = 0, waited: Double = 0, peakResidentBytes: Int = 0,
    threads: Int
  ) {
    self.step = step
    self.stageStart = stageStart
    self.optimizerStep = optimizerStep
    self.totalSteps = totalSteps
    self.images = images
    self.pairs = pairs
    self.seconds = seconds
    self.elapsed = elapsed
    self.waited = waited
    self.peakResidentBytes = peakResidentBytes
    self.threads = threads
  }
}

extension PretrainingState {
  /// Reads the state of a checkpoint without touching it; nil where there is no complete one.
  ///
  /// - Throws: `CheckpointError.damaged` where it cannot be understood.
  public init?(of folder: CheckpointFolder) throws(CheckpointError) {
    guard let state = try folder.state(PretrainingState.self) else { return nil }
    self = state
  }
}

extension PretrainingTrainer {
  private static let headsName = "heads.safetensors"
  private static let optimizerName = "optimizer.safetensors"
  private static let averageName = "average.safetensors"
  private static let teacherName = "teacher.safetensors"
  private static let queueName = "queue.safetensors"

  /// Writes weights, moments, averages and `state` so that a kill at any instant leaves a complete
  /// checkpoint; the folder is also a model folder.
  public func save(
    to folder: CheckpointFolder, configuration: ModelConfiguration, state: PretrainingState
  ) throws {
    var state = state
    state.step = step
    state.stageStart = (plan.stage(at: step) ?? plan.stages.last)?.start ?? 0
    state.totalSteps = plan.totalSteps
    let moments = optimizer.state
    state.optimizerStep = moments.step
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try folder.replace(state: try encoder.encode(state)) { url in
      try ModelFolder.write(model.backbone, configuration: configuration, to: url)
      try ModuleWeights.write(model.heads, to: url.appendingPathComponent(Self.headsName))
      try TensorFile.write(moments.moments, to: url.appendingPathComponent(Self.optimizerName))
      if let average {
        try TensorFile.write(average.values, to: url.appendingPathComponent(Self.averageName))
      }
      if let teacher {
        try TensorFile.write(teacher.values, to: url.appendingPathComponent(Self.teacherName))
      }
      if let queue {
        try TensorFile.write(queue.tensors, to: url.appendingPathComponent(Self.queueName))
      }
    }
  }

  /// Continues from a checkpoint written by ``save(to:configuration:state:)``.
  ///
  /// The plan may be longer than that of the run so far, see ``PretrainingPlan/check(_:)``.
  ///
  /// - Throws: `CheckpointError` where there is none or it is damaged, ``PretrainingError`` where it
  ///   belongs to another plan.
  public func restore(from folder: CheckpointFolder) throws -> PretrainingState {
    folder.recover()
    guard let state = try PretrainingState(of: folder) else {
      throw CheckpointError.missing(path: folder.url.path)
    }
    try plan.check(state)
    try ModuleWeights.read(
      into: model.backbone,
      from: folder.url.appendingPathComponent(ModelConfiguration.weightsName))
    try ModuleWeights.read(
      into: model.heads, from: folder.url.appendingPathComponent(Self.headsName))
    continueFrom(step: state.step)
    let moments = try TensorFile.read(folder.url.appendingPathComponent(Self.optimizerName))
    let problems = optimizer.restore(OptimizerState(step: state.optimizerStep, moments: moments))
    if let first = problems.first {
      throw CheckpointError.damaged(
        path: folder.url.path, reason: "the optimizer has no moments for \"\(first)\"")
    }
    average?.restore(try TensorFile.read(folder.url.appendingPathComponent(Self.averageName)))
    teacher?.restore(try TensorFile.read(folder.url.appendingPathComponent(Self.teacherName)))
    if let rows = try queue.map({ _ in
      try TensorFile.read(folder.url.appendingPathComponent(Self.queueName))
    }), queue?.restore(rows) == false {
      throw CheckpointError.damaged(
        path: folder.url.path, reason: "\(Self.queueName) holds no rows of such a queue")
    }
    return state
  }

  /// Writes the model that is meant to be used: averaged weights when the run keeps an average.
  public func writeBest(to folder: URL, configuration: ModelConfiguration) throws {
    var overrides: [String: Tensor] = [:]
    for (path, value) in average?.values ?? [:] {
      // Paths of the whole model begin with the name of the part.
      if path.hasPrefix("backbone.") {
        overrides[String(path.dropFirst("backbone.".count))] = value
      }
    }
    try ModelFolder.write(
      model.backbone, configuration: configuration, overrides: overrides, to: folder)
    var heads: [String: Tensor] = [:]
    for (path, value) in average?.values ?? [:] where path.hasPrefix("heads.") {
      heads[String(path.dropFirst("heads.".count))] = value
    }
    try ModuleWeights.write(
      model.heads, overrides: heads, to: folder.appendingPathComponent(Self.headsName))
  }

  /// Runs `body` with the weights that ``writeBest(to:configuration:)`` would write.
  public func withBestWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    try average?.substituted(body) ?? body()
  }
}
