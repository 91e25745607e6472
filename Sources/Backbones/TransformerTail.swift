public import Gradients
public import Layers
import Tensors

/// The last block of a vision transformer with the final normalisation, as a part of its own.
public final class TransformerTail: Module {
  private let block: TransformerBlock
  private let norm: LayerNormalization

  /// A trainable copy of the network's own.
  fileprivate init(copyOf network: VisionTransformer) {
    let configuration = network.configuration
    var random = RandomStream(seed: 0)
    block = TransformerBlock(configuration, index: configuration.depth - 1, random: &random)
    norm = LayerNormalization(configuration.width, epsilon: configuration.epsilon)
    let own = network.blocks[configuration.depth - 1].parameters + (network.norm?.parameters ?? [])
    for (copy, original) in zip(block.parameters + norm.parameters, own) {
      copy.parameter.value = original.parameter.value
    }
  }

  /// Tokens after block and normalisation.
  ///
  /// **Shape**: `[batch, tokens, width]`, of any number → the same.
  public func callAsFunction(_ tokens: Variable, in context: ForwardContext) -> Variable {
    norm(block(tokens, offsets: nil, in: context), in: context)
  }
}

extension VisionTransformer {
  /// Whether ``makeTail()`` gives something: absolute positions, a class token, more than one block and a
  /// normalisation before pooling.
  public var hasTail: Bool {
    configuration.positions == .absolute && configuration.hasClassToken && norm != nil
      && configuration.depth > 1
  }

  /// Tokens before the patches: the class token, then registers.
  public var prefixTokens: Int { configuration.prefixTokens }

  /// A trainable copy of the last block and the final normalisation.
  public func makeTail() -> TransformerTail {
    precondition(hasTail, "VisionTransformer: this shape has no tail of its own")
    return TransformerTail(copyOf: self)
  }
}
