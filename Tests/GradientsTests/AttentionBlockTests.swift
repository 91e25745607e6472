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

  @Test func `4,096 tokens need blocks, not the matrix of all scores`() async {
    await #expect(processExitsWith: .success) {
      // One thread: each holds blocks of its own.
      Compute.configure(threads: 1)
      let (tokens, width) = (4096, 8)
      var random = RandomStream(seed: 12)
      var values = random.uniform(shape: [1, tokens, 3 * width], bound: 1)
      // Without queries every token takes the mean of the values.
      for token in 0..<tokens {
        for channel in 0..<width { values[token * 3 * width + channel] = 0 }
      }
      let before = Compute.peakBufferBytes
      let tape = Tape()
      let qkv = tape.leaf(values)
      let output = qkv.attention(heads: 1, scale: 0.5)
      tape.backward(from: output, seed: Tensor(repeating: 1, shape: output.shape))
      let mean = (0..<tokens).reduce(0) { $0 + values[$1 * 3 * width + 2 * width] } / Float(tokens)
      guard let gradient = tape.gradient(of: qkv),
        abs(output.value[(tokens - 1) * width] - mean) < 1e-5,
        abs(gradient[2 * width] - 1) < 1e-4
      else { preconditionFailure("the mean of the values is \(mean), not \(output.value[0])") }
      // All scores would take 64 MiB.
      guard Compute.peakBufferBytes - before < 12 << 20 else {
        preconditionFailure("\(Compute.peakBufferBytes - before) bytes for \(tokens) tokens")
      }
    }
  }
}
