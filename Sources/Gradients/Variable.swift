public import Tensors

/// A tensor that may take part in a recorded computation.
///
/// Made from a plain tensor it is a constant; made by ``Tape/leaf(_:)`` or by an operation on tracked
/// inputs it carries its position on the tape.
public struct Variable {
  /// The value, known as soon as the operation has run.
  public let value: Tensor
  let tape: Tape?
  let index: Int
  /// Computes the value again from what the tape keeps anyway, where that is cheap.
  var rebuild: (() -> Tensor)?

  /// Makes a constant: no gradient flows into it.
  public init(_ value: Tensor) {
    self.value = value
    tape = nil
    index = -1
  }

  init(value: Tensor, tape: Tape, index: Int) {
    self.value = value
    self.tape = tape
    self.index = index
  }

  /// Extent of each axis.
  public var shape: [Int] { value.shape }

  /// Whether a gradient reaches this variable in the backward pass.
  public var isTracked: Bool { tape != nil }

  /// The same value as a constant: gradients stop here.
  public var detached: Variable { tape?.isTracing == true ? self : Variable(value) }

  /// Place of the value in a trace; −1 for a constant.
  public var traceIndex: Int { index }
}

/// Where the gradient of a variable goes, without its value.
///
/// Pullbacks keep places, and only those values that they compute with: so the tape holds no tensor
/// longer than its gradient needs, and no reference to itself.
struct Place {
  let index: Int
  let shape: [Int]

  /// Whether the variable is tracked.
  var isTracked: Bool { index >= 0 }
}

extension Variable {
  var place: Place { Place(index: index, shape: shape) }

  /// What a pullback keeps to have this value later: the value, or the way to it.
  ///
  /// The outputs of normalisation and of activations are made again by one cheap pass over memory;
  /// that they are not stored takes more than a third off what a transformer keeps.
  var kept: () -> Tensor {
    if let rebuild { return rebuild }
    let value = value
    return { value }
  }

  /// The same variable with a way to compute its value again; only on a tape.
  func rebuilt(by rebuild: @escaping () -> Tensor) -> Variable {
    guard isTracked else { return self }
    var copy = self
    copy.rebuild = rebuild
    return copy
  }
}
