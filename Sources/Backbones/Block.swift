import Gradients
import Layers

/// One of a row of alike parts of a network, whose output has the form of the next one's input.
protocol Block: Module {
  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable
}

extension Sequence where Element: Block {
  /// Runs each block on what the one before it gave; a block may keep its input alone, see
  /// `ForwardContext.checkpointed(_:_:)`.
  func running(on input: Variable, in context: ForwardContext) -> Variable {
    reduce(input) { x, block in context.checkpointed(x) { block($0, in: $1) } }
  }
}
