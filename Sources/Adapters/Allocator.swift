public import Layers
public import Tensors

/// Decides during training which components of an adapter stay, from what it sees of them.
///
/// The loop calls it at three places of every step. A rule that decides once before training, such as a
/// budget by contribution, answers with ``ranks`` alone.
public protocol Allocator: AnyObject {
  /// Says which parameters this step trains, by `isTrainable`; called before the forward pass.
  ///
  /// The optimizer knows the parameters that are trained when the run starts, so that
  /// ``restore(_:)`` and the initializer freeze none. A frozen parameter costs no gradient and does not move.
  func beforeForward(step: Int, of total: Int)

  /// Reads gradients, and may change them: the update takes what it leaves, and moves nothing whose
  /// gradient is `nil`. Called between the backward pass and the optimizer's update.
  ///
  /// - Parameters:
  ///   - step: the step, from 0.
  ///   - total: steps of the whole run.
  func afterBackward(step: Int, of total: Int)

  /// Acts on the numbers; called after the optimizer's update.
  func afterUpdate(step: Int, of total: Int)

  /// The parameters whose entries mean something else since the last call, for the optimizer's moments
  /// and for averages; called after ``afterUpdate(step:of:)``.
  func takeChanges() -> [ParameterChange]

  /// Components in use, by site path.
  var ranks: [String: Int] { get }

  /// Notes which components are dropped now, and answers what drops the same ones from other numbers.
  ///
  /// A moving average of the numbers still holds what was dropped long ago: the answer is called while
  /// the averages stand in.
  func dropping() -> () -> Void

  /// What it remembers, by name, for a file.
  var state: [String: Tensor] { get }

  /// Continues from a saved state.
  ///
  /// - Throws: `AdapterError.unsuitableState` where a name or shape differs.
  func restore(_ state: [String: Tensor]) throws(AdapterError)
}

extension Allocator {
  /// All that is trained stays so.
  public func beforeForward(step: Int, of total: Int) {}
  /// No entry changes its meaning.
  public func takeChanges() -> [ParameterChange] { [] }
  /// Nothing to read.
  public func afterBackward(step: Int, of total: Int) {}
  /// Nothing to change.
  public func afterUpdate(step: Int, of total: Int) {}
  /// Nothing is ever dropped.
  public func dropping() -> () -> Void { {} }
  /// Nothing to remember.
  public var state: [String: Tensor] { [:] }
  /// Nothing to continue from.
  public func restore(_ state: [String: Tensor]) throws(AdapterError) {
    guard state.isEmpty else {
      throw .unsuitableState(name: state.keys.min() ?? "", reason: "belongs to another rule")
    }
  }
}
