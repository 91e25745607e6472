public import Gradients
import Tensors

extension ForwardContext {
  /// Runs a block of a network, such as one of a transformer.
  ///
  /// Where the pass checkpoints its blocks, nothing inside the block is kept: the backward pass runs it
  /// once more from its inputs, with the same random numbers and the same statistics, so gradients have
  /// the same bits as without. `block` must depend on nothing but its arguments and the network's state.
  /// **Source**: T. Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016, arXiv 1604.06174.
  public func checkpointed(
    _ inputs: [Variable], _ block: @escaping ([Variable], ForwardContext) -> Variable
  ) -> Variable {
    guard checkpointsBlocks, let tape, !tape.isTracing else { return block(inputs, self) }
    let start = random
    // Not the context itself, which holds the tape that would hold it.
    let inner = innerPasses()
    let first = inner(nil, start, updatesStatistics)
    let value = block(inputs.map { Variable($0.value) }, first).value
    random = first.random
    let tracked = inputs.map(\.isTracked)
    guard tracked.contains(true) || first.sawTrainableParameter else { return Variable(value) }
    return tape.appending(value, from: inputs) { gradient, values in
      let inside = Tape()
      let again = inner(inside, start, false)
      let leaves = zip(values, tracked).map { $1 ? inside.leaf($0) : Variable($0) }
      again.backward(from: block(leaves, again), seed: gradient)
      return leaves.map { inside.takeGradient(of: $0) }
    }
  }

  /// Runs a block with one input.
  public func checkpointed(
    _ input: Variable, _ block: @escaping (Variable, ForwardContext) -> Variable
  ) -> Variable {
    checkpointed([input]) { block($0[0], $1) }
  }
}
