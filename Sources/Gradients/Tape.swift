public import Tensors

/// The record of one forward computation, replayed backwards to get gradients.
///
/// Operations on tracked variables append a pullback; ``backward(from:seed:)`` runs them last to first
/// and frees what each one kept as soon as it has run.
public final class Tape {
  /// Turns the gradient of an output into gradients of the inputs, handed to ``accumulate(_:into:)``.
  typealias Pullback = (Tensor, Tape) -> Void

  private var pullbacks: [Pullback?] = []
  private var gradients: [Tensor?] = []

  /// Whether operations are only written down, without pullbacks: then there are no gradients.
  public let isTracing: Bool
  /// The operations of a traced pass on what depends on its leaves, in order.
  public private(set) var steps: [TracedStep] = []

  /// Makes an empty tape; one that traces keeps a description of each operation instead of its pullback.
  public init(tracing: Bool = false) {
    isTracing = tracing
  }

  /// A variable whose gradient can be asked for after the backward pass.
  public func leaf(_ value: Tensor) -> Variable {
    append(value, pullback: nil)
  }

  func append(_ value: Tensor, pullback: Pullback?) -> Variable {
    pullbacks.append(pullback)
    gradients.append(nil)
    return Variable(value: value, tape: self, index: pullbacks.count - 1)
  }

  /// Writes an operation down.
  func trace(
    _ value: Tensor, from inputs: [Variable], as operation: TracedOperation?, function: String
  ) -> Variable {
    let result = append(value, pullback: nil)
    steps.append(
      TracedStep(
        operation: operation, function: function,
        inputs: inputs.map { $0.isTracked ? .step($0.index) : .constant($0.value) },
        inputShapes: inputs.map(\.shape), output: result.index, shape: value.shape))
    return result
  }

  /// Adds a gradient to what has already reached a variable of this tape.
  ///
  /// Constants ignore it.
  func accumulate(_ gradient: Tensor, into place: Place) {
    guard place.isTracked else { return }
    precondition(
      gradient.count == place.shape.reduce(1, *),
      "Tape: gradient of shape \(gradient.shape) for a value of shape \(place.shape)")
    if gradients[place.index] == nil {
      gradients[place.index] = gradient
    } else {
      gradients[place.index]?.add(gradient)
    }
  }

  /// A value that was computed without being recorded, with its own way back.
  ///
  /// `gradients` gets the gradient of the value and the values of `inputs`, made again where they can be,
  /// and returns one gradient for each input, or `nil`.
  public func appending(
    _ value: Tensor, from inputs: [Variable],
    gradients: @escaping (_ gradient: Tensor, _ inputs: [Tensor]) -> [Tensor?]
  ) -> Variable {
    let (places, kept) = (inputs.map(\.place), inputs.map(\.kept))
    return append(value) { gradient, tape in
      for (place, part) in zip(places, gradients(gradient, kept.map { $0() })) {
        if let part { tape.accumulate(part, into: place) }
      }
    }
  }

  /// Adds a gradient by letting `body` write it into the one that is there already, or into a new one.
  ///
  /// `body` gets all elements and whether it must add to them; otherwise it sets all of them.
  func add(to place: Place, _ body: (UnsafeMutablePointer<Float>, _ accumulates: Bool) -> Void) {
    guard place.isTracked else { return }
    if gradients[place.index] == nil {
      gradients[place.index] = Tensor(shape: place.shape) { body($0, false) }
    } else {
      gradients[place.index]?.withMutablePointer { body($0, true) }
    }
  }

  /// Runs the pullbacks of everything `output` depends on.
  ///
  /// `seed` is the gradient of the output itself: `nil` means 1 and needs a scalar output. A tape runs
  /// backward once.
  public func backward(from output: Variable, seed: Tensor? = nil) {
    guard output.tape === self else { return }
    precondition(
      seed != nil || output.value.count == 1,
      "Tape.backward: an output of shape \(output.shape) needs a seed")
    accumulate(seed ?? Tensor(repeating: 1, shape: output.shape), into: output.place)
    for index in stride(from: pullbacks.count - 1, through: 0, by: -1) {
      guard let pullback = pullbacks[index] else { continue }
      pullbacks[index] = nil
      if index <= output.index, let gradient = gradients[index] {
        gradients[index] = nil
        pullback(gradient, self)
      }
    }
  }

  /// The gradient that reached a leaf, or `nil` where none did.
  public func gradient(of variable: Variable) -> Tensor? {
    variable.tape === self ? gradients[variable.index] : nil
  }

  /// Takes the gradient of a leaf out of the tape, so that nothing else holds it.
  public func takeGradient(of variable: Variable) -> Tensor? {
    guard variable.tape === self else { return nil }
    let gradient = gradients[variable.index]
    gradients[variable.index] = nil
    return gradient
  }
}

/// Records an operation: the result is tracked when one of the inputs is.
///
/// The pullback must give gradients only to inputs that are tracked, so that frozen ones cost nothing.
/// An operation without a description can be trained with, but not be written down for other programs.
func record(
  _ value: Tensor, from inputs: [Variable], as operation: TracedOperation? = nil,
  function: String = #function, pullback: @escaping (Tensor, Tape) -> Void
) -> Variable {
  guard let tape = inputs.first(where: \.isTracked)?.tape else { return Variable(value) }
  precondition(
    inputs.allSatisfy { $0.tape == nil || $0.tape === tape },
    "Tape: inputs of one operation belong to different tapes")
  if tape.isTracing {
    return tape.trace(value, from: inputs, as: operation, function: function)
  }
  return tape.append(value, pullback: pullback)
}
