import CKernels
public import Layers
public import Tensors

/// Adam with decoupled weight decay.
///
/// `p ← p (1 − rate · decay) − rate · m̂ / (√v̂ + ε)`; decay applies only where a parameter says so.
/// **Source**: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", 2019,
/// arXiv 1711.05101.
public final class AdamW {
  /// First-moment decay, 0 ..< 1.
  public var beta1: Float
  /// Second-moment decay, 0 ..< 1.
  public var beta2: Float
  /// Added to the root of the second moment.
  public var epsilon: Float
  /// Weight decay of parameters that decay.
  public var weightDecay: Float
  /// Updates made so far.
  public private(set) var step = 0
  private let parameters: [(path: String, parameter: Parameter)]
  private let rateFactors: [Float]
  private let decays: [Bool]
  private var firstMoments: [Tensor]
  private var secondMoments: [Tensor]

  /// Makes an optimizer of the trainable parameters, with zero moments.
  ///
  /// `rateFactor` tells by path by how much a parameter's learning rate differs from the common one,
  /// `decays` whether weight decay acts on it.
  public init(
    _ parameters: [(path: String, parameter: Parameter)], beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: Float = 0.05, rateFactor: (String) -> Float = { _ in 1 },
    decays: (_ path: String, _ parameter: Parameter) -> Bool = { $1.decays }
  ) {
    let trainable = parameters.filter(\.parameter.isTrainable)
    self.parameters = trainable
    rateFactors = trainable.map { rateFactor($0.path) }
    self.decays = trainable.map { decays($0.path, $0.parameter) }
    firstMoments = trainable.map { Tensor(zeros: $0.parameter.value.shape) }
    secondMoments = firstMoments.map { Tensor(zeros: $0.shape) }
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Euclidean norm of all gradients together; parameters without one count as zero.
  public var gradientNorm: Float {
    var squares = 0.0
    for (_, parameter) in parameters { squares += parameter.gradient?.summedSquares() ?? 0 }
    return Float(squares.squareRoot())
  }

  /// Forgets all gradients.
  public func clearGradients() {
    for (_, parameter) in parameters { parameter.gradient = nil }
  }

  /// Moves every parameter that has a gradient, then forgets the gradients.
  ///
  /// - Parameters:
  ///   - rate: learning rate of this step.
  ///   - clip: largest allowed ``gradientNorm``; longer gradients are shortened to it. `nil` for none.
  /// - Returns: the norm before clipping.
  @discardableResult
  public func update(rate: Float, clip: Float? = nil) -> Float {
    let norm = gradientNorm
    step += 1
    let scale = clip.map { norm > $0 ? $0 / (norm + 1e-6) : 1 } ?? 1
    var items: [ck_adamw_item] = []
    var held: [Tensor] = []
    for (index, entry) in parameters.enumerated() {
      guard let gradient = entry.parameter.gradient else { continue }
      held.append(gradient)
      var item = ck_adamw_item()
      item.size = Int64(gradient.count)
      item.rate = rate * rateFactors[index]
      item.weight_decay = decays[index] ? weightDecay : 0
      // The buffers outlive the call below: parameters, moments and `held` keep them.
      entry.parameter.value.withMutablePointer { item.parameter = $0 }
      firstMoments[index].withMutablePointer { item.first_moment = $0 }
      secondMoments[index].withMutablePointer { item.second_moment = $0 }
      gradient.withPointer { item.gradient = $0 }
      items.append(item)
    }
    ck_adamw(
      items, Int32(items.count), beta1, beta2, epsilon, correction(beta1), correction(beta2), scale)
    held.removeAll()
    clearGradients()
    return norm
  }

  /// Carries moments along where entries of parameters changed their meaning; those that begin have none.
  public func carry(_ changes: [ParameterChange]) {
    for change in changes {
      guard let index = parameters.firstIndex(where: { $0.parameter === change.parameter }) else {
        continue
      }
      func carried(_ moments: Tensor) -> Tensor {
        Tensor(change.origins.map { $0.map { moments[$0] } ?? 0 }, shape: moments.shape)
      }
      firstMoments[index] = carried(firstMoments[index])
      secondMoments[index] = carried(secondMoments[index])
    }
  }

  private func correction(_ beta: Float) -> Float {
    var power = 1.0
    for _ in 0..<step { power *= Double(beta) }
    return Float(1 - power)
  }

  /// Everything needed to continue: moments by path and the number of updates.
  public var state: OptimizerState {
    var moments: [String: Tensor] = [:]
    for (index, entry) in parameters.enumerated() {
      moments[entry.path + ".first_moment"] = firstMoments[index]
      moments[entry.path + ".second_moment"] = secondMoments[index]
    }
    return OptimizerState(step: step, moments: moments)
  }

  /// Continues from a saved state.
  ///
  /// - Returns: the paths whose moments were missing or of another shape; empty when all fitted.
  public func restore(_ state: OptimizerState) -> [String] {
    var problems: [String] = []
    for (index, entry) in parameters.enumerated() {
      guard let first = state.moments[entry.path + ".first_moment"],
        let second = state.moments[entry.path + ".second_moment"],
        first.shape == entry.parameter.value.shape, second.shape == first.shape
      else {
        problems.append(entry.path)
        continue
      }
      firstMoments[index] = first
      secondMoments[index] = second
    }
    if problems.isEmpty { step = state.step }
    return problems
  }
}

/// What an optimizer remembers between steps.
public struct OptimizerState: Sendable {
  /// Updates made so far.
  public var step: Int
  /// Moments by name.
  public var moments: [String: Tensor]

  /// Makes a state.
  public init(step: Int, moments: [String: Tensor]) {
    self.step = step
    self.moments = moments
  }
}
