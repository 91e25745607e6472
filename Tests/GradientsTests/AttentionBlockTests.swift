import Gradients
import Tensors
import Testing

/// Attention works on blocks of query rows; where they begin must not show.
struct AttentionBlockTests {
  private static let (batch, heads, width) = (2, 2, 4)
  private static let scale: Float = 0.6

  /// The same attention from whole matrices.
  private func composed(_ qkv: Variable, _ bias: Variable, tokens: Int) -> Variable {
    let (batch, heads, width) = (Self.batch, Self.heads, Self.width)
    let parts = qkv.reshaped([batch, tokens, 3, heads, width]).permuted([2, 0, 3, 1, 4])
    func part(_ index: Int) -> Variable {
      parts.slice(index..<(index + 1), axis: 0).reshaped([batch, heads, tokens, width])
    }
    let scores = part(0).multiplied(by: part(1), transposingOther: true) * Self.scale
    let biases = Variable.concatenated([bias, bias], axis: 0)
    return (scores + biases).softmax().multiplied(by: part(2))
      .permuted([0, 2, 1, 3]).reshaped([batch, tokens, heads * width])
  }

  // One block up to 191 tokens, then two; 322 tokens make three, of which the last is shorter.
  @Test(arguments: [129, 191, 193, 200, 322])
  func `equals attention from whole matrices, forward and backward`(_ tokens: Int) throws {
    var random = RandomStream(seed: 11).split(tokens)
    let size = 3 * Self.heads * Self.width
    let values = random.uniform(shape: [Self.batch, tokens, size], bound: 2)
    let offsets = random.uniform(shape: [1, Self.heads, tokens, tokens], bound: 1)
    let seed = random.uniform(shape: [Self.batch, tokens, size / 3], bound: 1)
    func run(_ body: (Variable, Variable) -> Variable) throws -> [Tensor] {
      let tape = Tape()
      let (qkv, bias) = (tape.leaf(values), tape.leaf(offsets))
      let output = body(qkv, bias)
      tape.backward(from: output, seed: seed)
      return [
        output.value, try #require(tape.gradient(of: qkv)), try #require(tape.gradient(of: bias)),
      ]
    }
    let found = try run { $0.attention(heads: Self.heads, scale: Self.scale, bias: $1) }
    let expected = try run { composed($0, $1, tokens: tokens) }
    for (a, b) in zip(found, expected) {
      #expect(a.shape == b.shape)
      let largest = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest < 2e-5, "\(largest)")
    }
  }
}
