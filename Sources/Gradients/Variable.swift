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
  public var detached: Variable { Variable(value) }
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
}
