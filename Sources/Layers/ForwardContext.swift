public import Gradients
public import Tensors

/// What a forward pass needs besides its input: whether it trains, where it records, what it draws.
///
/// One context belongs to one forward pass. Without a tape nothing is recorded and every intermediate
/// value is freed as soon as the next layer has run.
public final class ForwardContext {
  /// How normalisation layers choose their statistics and whether drop path is on.
  public let isTraining: Bool
  /// The tape that records, or `nil`.
  public let tape: Tape?
  /// Random numbers of this pass.
  public var random: RandomStream
  /// Whether layers may update running statistics; off for a second pass over the same batch.
  public let updatesStatistics: Bool
  /// How good each picture of the batch is, 0 worst … 1 best, or `nil` where nobody measured it.
  ///
  /// Adapters that treat sharp and poor pictures differently read it.
  public var quality: [Float]?
  /// Whether blocks keep their inputs alone and compute the rest again in the backward pass.
  public let checkpointsBlocks: Bool
  /// What a vision transformer adds to every token of each picture, `[batch, width]`, such as a vector of
  /// the camera; `nil` for nothing.
  public var tokenOffset: Variable?
  private var usesRunningStatistics: Bool
  /// Whether a parameter was asked for that is not frozen.
  public private(set) var sawTrainableParameter = false
  private var leaves: [(parameter: Parameter, variable: Variable)] = []
  private var leafIndex: [ObjectIdentifier: Int] = [:]

  /// Whether normalisation over the batch uses the statistics of this batch.
  public var usesBatchStatistics: Bool { isTraining && !usesRunningStatistics }

  private init(
    isTraining: Bool, tape: Tape?, random: RandomStream, updatesStatistics: Bool,
    usesRunningStatistics: Bool = false, checkpointsBlocks: Bool = false
  ) {
    self.isTraining = isTraining
    self.tape = tape
    self.random = random
    self.updatesStatistics = updatesStatistics
    self.usesRunningStatistics = usesRunningStatistics
    self.checkpointsBlocks = checkpointsBlocks
  }

  /// A pass that only computes: running statistics are used, nothing is recorded.
  public static func inference() -> ForwardContext {
    ForwardContext(
      isTraining: false, tape: nil, random: RandomStream(seed: 0), updatesStatistics: false)
  }

  /// A pass that records gradients in training mode.
  ///
  /// With `checkpointing` it keeps the inputs of blocks alone, for less memory and one more forward pass.
  public static func training(random: RandomStream, checkpointing: Bool = false) -> ForwardContext {
    ForwardContext(
      isTraining: true, tape: Tape(), random: random, updatesStatistics: true,
      checkpointsBlocks: checkpointing)
  }

  /// A pass that trains adapters on a frozen network: dropout and drop path are on, but normalisation
  /// uses the running averages of the base and leaves them as they are.
  ///
  /// A small set would otherwise shift statistics that the adapter's file does not hold.
  public static func adapting(random: RandomStream) -> ForwardContext {
    ForwardContext(
      isTraining: true, tape: Tape(), random: random, updatesStatistics: false,
      usesRunningStatistics: true)
  }

  /// A pass in training mode, with the statistics of the batch, that records nothing and changes nothing.
  public static func preview(random: RandomStream) -> ForwardContext {
    ForwardContext(isTraining: true, tape: nil, random: random, updatesStatistics: false)
  }

  /// A pass that records gradients while every layer behaves as in evaluation.
  public static func recordedInference() -> ForwardContext {
    ForwardContext(
      isTraining: false, tape: Tape(), random: RandomStream(seed: 0), updatesStatistics: false)
  }

  /// Runs the part of a pass that goes through a frozen network, like ``adapting(random:)``, while the
  /// layers outside it, such as a new head, keep using the statistics of the batch.
  public func withRunningStatistics<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = usesRunningStatistics
    usesRunningStatistics = true
    defer { usesRunningStatistics = before }
    return try body()
  }

  /// A pass that writes down what happens to the leaves of its tape; parameters are constants of it.
  public static func tracing() -> ForwardContext {
    ForwardContext(
      isTraining: false, tape: Tape(tracing: true), random: RandomStream(seed: 0),
      updatesStatistics: false)
  }

  /// The parameter as a variable of this pass; a constant when it is frozen or nothing is recorded.
  ///
  /// Trained copies of an active adapter stand in for the value.
  public func variable(_ parameter: Parameter) -> Variable {
    guard let tuning = parameter.tuning, tuning.isActive else { return leaf(parameter) }
    if let replacement = tuning.replacement { return leaf(replacement) }
    let base = leaf(parameter)
    return tuning.entries.reduce(base) { sum, entry in
      entry.strength == 0 ? sum : sum + (leaf(entry.tuned) - base) * entry.strength
    }
  }

  private func leaf(_ parameter: Parameter) -> Variable {
    if parameter.isTrainable { sawTrainableParameter = true }
    guard let tape, !tape.isTracing, parameter.isTrainable else { return Variable(parameter.value) }
    if let index = leafIndex[ObjectIdentifier(parameter)] { return leaves[index].variable }
    let variable = tape.leaf(parameter.value)
    leafIndex[ObjectIdentifier(parameter)] = leaves.count
    leaves.append((parameter, variable))
    return variable
  }

  /// Makes passes like this one through a part of the network.
  func innerPasses() -> (_ tape: Tape?, _ random: RandomStream, _ updates: Bool) -> ForwardContext {
    let (isTraining, usesRunningStatistics, quality) = (isTraining, usesRunningStatistics, quality)
    return { tape, random, updates in
      let pass = ForwardContext(
        isTraining: isTraining, tape: tape, random: random, updatesStatistics: updates,
        usesRunningStatistics: usesRunningStatistics)
      pass.quality = quality
      return pass
    }
  }

  /// An inverted dropout mask, 0 or 1 / (1 − rate), or `nil` outside training and at rate 0.
  public func dropoutMask(rate: Float, shape: [Int]) -> Tensor? {
    guard isTraining, rate > 0 else { return nil }
    let keep = 1 - rate
    let count = shape.reduce(1, *)
    var stream = random
    let mask = Tensor(shape: shape) { target in
      for index in 0..<count { target[index] = stream.uniform() < keep ? 1 / keep : 0 }
    }
    random = stream
    return mask
  }

  /// Runs the tape backwards and adds the result to the gradient of every parameter used.
  public func backward(from loss: Variable, seed: Tensor? = nil) {
    guard let tape else { return }
    tape.backward(from: loss, seed: seed)
    for (parameter, variable) in leaves {
      guard let gradient = tape.takeGradient(of: variable) else { continue }
      if parameter.gradient == nil {
        parameter.gradient = gradient
      } else {
        parameter.gradient?.add(gradient)
      }
    }
    // The tape's leaves share the parameters' storage: let go so that updates happen in place.
    leaves = []
    leafIndex = [:]
  }
}
