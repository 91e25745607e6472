public import Foundation
public import Gradients
public import Layers
import Tensors

/// Something a network is fine-tuned for: what a batch is, what is learned from it, and how well the
/// network does on what is held out.
///
/// A new task is a class that conforms, its recipe, and a line in the command; the trainer gives it
/// optimisation, averaging, checkpoints, early stopping and exact resume.
public protocol FinetuneTask: AnyObject {
  /// What one step works on; prepared on a thread of its own.
  associatedtype Batch: Sendable

  /// The network with everything that is trained.
  ///
  /// The part that existed before the task lies under the path `backbone`.
  var network: any Module { get }
  /// Steps of a number of passes over the data.
  func steps(epochs: Int) -> Int
  /// The batch of any step, from the step's number alone.
  var batches: @Sendable (Int) throws -> Batch { get }
  /// The loss of a batch, recorded on the context's tape.
  func learn(from batch: Batch, in context: ForwardContext) throws -> TaskLoss
  /// Parameters that the task moves by a rule of its own, in place of the trainer's optimizer.
  var ownParameters: [Parameter] { get }
  /// Moves them by their gradients, which are then forgotten; `share` is the schedule, 0…1.
  func moveOwnParameters(share: Float)
  /// The loss of one sample by which the contribution of each tensor is measured, in a pass of evaluation.
  ///
  /// - Parameter sample: number of the sample, from 0.
  func contributionLoss(of sample: Int, in context: ForwardContext) throws -> Variable
  /// The score on what is held out; `nil` where nothing is.
  func score() throws -> TaskScore?
  /// The adapter that is trained in place of the network's own weights, if any.
  var adapter: TaskAdapter? { get }
  /// Whether what a frozen part of the network makes of pictures is kept, in a sentence; nil where nothing
  /// is frozen.
  var frozenFeatures: String? { get }
  /// Writes a model folder with the present weights.
  func writeModel(to folder: URL, for purpose: ModelPurpose) throws
  /// Reads the weights of a folder written for a checkpoint.
  func readModel(from folder: URL) throws
}

/// What a model folder is written for.
public enum ModelPurpose: Sendable {
  /// To continue training: the network and its adapter apart.
  case checkpoint
  /// To be used: the adapter within the weights where it can be.
  case use
}

extension FinetuneTask {
  /// The optimizer moves everything.
  public var ownParameters: [Parameter] { [] }
  /// Nothing to do.
  public func moveOwnParameters(share: Float) {}
  /// The loss of one batch.
  public func contributionLoss(of sample: Int, in context: ForwardContext) throws -> Variable {
    try learn(from: batches(sample), in: context).loss
  }

  /// All weights are the network's own.
  public var adapter: TaskAdapter? { nil }
  /// Nothing is said.
  public var frozenFeatures: String? { nil }

  /// Everything that may be trained: of the network, then of the adapter under `adapter.`.
  public var parameters: [(path: String, parameter: Parameter)] {
    network.parameters + (adapter?.parameters ?? [])
  }

  /// Numbers in all parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.parameter.value.count } }

  /// Numbers in those that are trained.
  public var trainableParameterCount: Int {
    parameters.reduce(0) { $0 + ($1.parameter.isTrainable ? $1.parameter.value.count : 0) }
  }
}

/// What a task learned from one batch.
public struct TaskLoss {
  /// A scalar to go down.
  public var loss: Variable
  /// Measurements by name, for the log.
  public var values: [String: Double]
  /// Pictures in the batch.
  public var images: Int

  /// Makes a result.
  public init(_ loss: Variable, values: [String: Double], images: Int) {
    self.loss = loss
    self.values = values
    self.images = images
  }
}

/// How well a network does on what is held out.
public struct TaskScore: Sendable, Hashable, Codable {
  /// What the value is called, such as `mAP`.
  public var name: String
  /// The value that decides which weights are best; higher is better.
  public var value: Double
  /// Further measurements by name.
  public var values: [String: Double]

  /// Makes a score.
  public init(_ name: String, _ value: Double, values: [String: Double] = [:]) {
    self.name = name
    self.value = value
    self.values = values
  }
}
