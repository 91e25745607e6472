public import Adapters
import Foundation
import Gradients
import Layers
public import Recipes
public import Tensors

/// Measures what each tensor of a task's network contributes to the task, for an adapter that divides a
/// budget by it.
///
/// With ``Adapters/ContributionMeasure/faig`` all of the network is trained for a few steps first, and the
/// gradients are integrated on the way from there back to where it came from. The task's network is spoiled
/// afterwards: make a new one to train.
public struct ContributionProbe<Task: FinetuneTask> {
  private let task: Task
  private let method: CoLoRA
  private let settings: FinetuneSettings
  private let random: RandomStream

  /// Plans a measurement.
  ///
  /// - Parameters:
  ///   - task: the task, made with ``AdapterStart/probe``.
  ///   - method: how it is measured.
  ///   - settings: rates and length of the run that is to follow.
  ///   - random: what the steps draw from.
  public init(
    _ task: Task, method: CoLoRA, settings: FinetuneSettings, random: RandomStream
  ) {
    self.task = task
    self.method = method
    self.settings = settings
    self.random = random.split("contributions")
  }

  /// Steps of full training before the measurement.
  public var steps: Int {
    guard method.contribution == .faig else { return 0 }
    guard method.probeSteps == 0 else { return method.probeSteps }
    let all = settings.epochs > 0 ? task.steps(epochs: settings.epochs) : settings.steps
    return max(1, all / 20)
  }

  /// Passes forward and backward of the measurement itself.
  public var passes: Int {
    switch method.contribution {
    case .faig: method.samples * method.points
    case .saliency: method.samples
    case .uniform: 0
    }
  }

  /// Trains and measures.
  ///
  /// - Parameter progress: called after every step and every pass; may throw to stop.
  /// - Returns: contributions by the paths of the network that was there before the task.
  public func contributions(progress: () throws -> Void) throws -> Contributions {
    let network = task.network
    let measured: Contributions
    switch method.contribution {
    case .uniform: measured = .uniform(of: network)
    case .saliency:
      measured = try Contributions.saliency(of: network, samples: method.samples) {
        try progress()
        return try task.contributionLoss(of: $0, in: $1)
      }
    case .faig:
      let start = network.parameters.map(\.parameter.value)
      try train(progress)
      var tuned: [String: Tensor] = [:]
      for (entry, value) in zip(network.parameters, start) {
        tuned[entry.path] = entry.parameter.value
        entry.parameter.value = value
      }
      measured = try Contributions.integrated(
        of: network, towards: tuned, points: method.points, samples: method.samples
      ) {
        try progress()
        return try task.contributionLoss(of: $0, in: $1)
      }
    }
    let prefix = "backbone."
    return Contributions(
      measure: measured.measure,
      values: Dictionary(
        uniqueKeysWithValues: measured.values.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
  }

  private func train(_ progress: () throws -> Void) throws {
    var settings = settings
    settings.steps = steps
    settings.patience = 0
    settings.exponentialMovingAverage = 0
    let trainer = TaskTrainer(task, settings: settings, random: random, isScored: false)
    while !trainer.isFinished {
      try progress()
      _ = try trainer.advance()
    }
    for (_, parameter) in task.network.parameters { parameter.gradient = nil }
  }
}

extension ContributionProbe {
  /// The plan that divides the budget by measured contributions, and how it was divided.
  ///
  /// - Throws: `AdapterError` for sites that do not exist or a budget that is too small.
  public func plan(
    _ tuning: TuningSettings, _ contributions: Contributions
  ) throws(AdapterError) -> (plan: AdapterPlan, division: CoLoRA.Division) {
    let base = task.network.modules.first { $0.path == "backbone" }?.module ?? task.network
    let adapted = AdaptedNetwork(base)
    let plan = try TaskAdapter.plan(tuning, contributions: contributions, for: adapted)
    let division = try method.division(
      for: adapted, contributions: contributions, sites: TaskAdapter.sites(tuning),
      excluding: TaskAdapter.excluded(tuning))
    return (plan, division)
  }
}

extension TaskAdapter {
  /// The method of a recipe that divides a budget by measured contributions, or `nil` for any other.
  public static func dividedMethod(
    _ tuning: TuningSettings
  ) throws(AdapterError) -> CoLoRA? {
    guard !isNone(tuning.method) else { return nil }
    return try method(tuning) as? CoLoRA
  }
}
