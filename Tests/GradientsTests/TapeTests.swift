import CKernels
import Gradients
import Tensors
import Testing

struct TapeTests {
  @Test func `gradients of a value that is used twice add up`() {
    let tape = Tape()
    let x = tape.leaf(Tensor([1, 2, 3], shape: [3]))
    let y = x * 2 + x * x
    tape.backward(from: y.summed())
    #expect(tape.gradient(of: x)?.values == [4, 6, 8])
  }

  @Test func `adding up changes no tensor that somebody else holds`() {
    let tape = Tape()
    let (x, y) = (tape.leaf(Tensor([1, 2], shape: [2])), tape.leaf(Tensor([3, 4], shape: [2])))
    let seed = Tensor([10, 20], shape: [2])
    // The seed itself reaches x and y; x then receives it a second time.
    tape.backward(from: x + y + x, seed: seed)
    #expect(seed.values == [10, 20])
    #expect(tape.gradient(of: x)?.values == [20, 40])
    #expect(tape.gradient(of: y)?.values == [10, 20])
  }

  @Test func `only what the output depends on gets a gradient`() {
    let tape = Tape()
    let (x, y) = (tape.leaf(Tensor([1], shape: [1])), tape.leaf(Tensor([1], shape: [1])))
    let used = x * 3
    let unused = y * 5
    #expect(unused.isTracked)
    tape.backward(from: used.summed())
    #expect(tape.gradient(of: x)?.values == [3])
    #expect(tape.gradient(of: y) == nil)
    #expect(tape.gradient(of: x.detached) == nil)
  }

  @Test func `nothing stays in memory after the tape, run backward or not`() async {
    await #expect(processExitsWith: .success) {
      func step(runsBackward: Bool) {
        let tape = Tape()
        let x = tape.leaf(Tensor(repeating: 0.5, shape: [2, 6, 6, 4]))
        let weight = tape.leaf(Tensor(repeating: 0.1, shape: [4, 4, 3, 3]))
        let scale = tape.leaf(Tensor(repeating: 1, shape: [4]))
        let shift = tape.leaf(Tensor(repeating: 0, shape: [4]))
        var y = x.convolved(weight: weight, padding: 1)
        y = y.channelNormalized(
          scale: scale, shift: shift, epsilon: 1e-5, groups: 1, residual: x, followedBy: .rectifier)
        y = (y * y + y).multipliedByRow(scale).addingRow(shift)
        y = y.reshaped([2, 36, 4]).layerNormalized(scale: scale, shift: shift, epsilon: 1e-6)
        y = Variable.concatenated([y, y, y], axis: 2).attention(heads: 2, scale: 1)
        let output = y.softmax().summed()
        if runsBackward { tape.backward(from: output) }
      }
      for runsBackward in [true, false] {
        let before = ck_buffer_report().in_use_bytes
        step(runsBackward: runsBackward)
        let kept = ck_buffer_report().in_use_bytes - before
        guard kept == 0 else { preconditionFailure("\(kept) bytes stay, \(runsBackward)") }
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4])
  func `frozen normalisation has the gradient of a trained one`(kind: Int) throws {
    var random = RandomStream(seed: 3)
    let (x, r) = (
      random.uniform(shape: [2, 3, 3, 4], bound: 1), random.uniform(shape: [2, 3, 3, 4], bound: 1)
    )
    let (scale, shift) = (
      random.uniform(shape: [4], bound: 1), random.uniform(shape: [4], bound: 1)
    )
    let slopes = Variable(random.uniform(shape: [4], bound: 1))
    let statistics = ChannelStatistics(
      mean: random.uniform(shape: [1, 4], bound: 1),
      variance: Tensor(repeating: 0.7, shape: [1, 4]))
    let seed = random.uniform(shape: [2, 3, 3, 4], bound: 1)
    func gradients(isFrozen: Bool) -> [Tensor?] {
      let tape = Tape()
      let (input, residual) = (tape.leaf(x), tape.leaf(r))
      let parameters = [scale, shift].map { isFrozen ? Variable($0) : tape.leaf($0) }
      let follower: NormalizationFollower = [
        .nothing, .rectifier, .slopes(slopes), .nothing, .rectifier,
      ][kind]
      let output = input.channelNormalized(
        scale: parameters[0], shift: parameters[1], epsilon: 1e-5, groups: 1, fixed: statistics,
        residual: kind > 2 ? residual : nil, followedBy: follower)
      tape.backward(from: output, seed: seed)
      return [tape.gradient(of: input), kind > 2 ? tape.gradient(of: residual) : nil]
    }
    let (frozen, trained) = (gradients(isFrozen: true), gradients(isFrozen: false))
    #expect(frozen[0] != nil && frozen[0] == trained[0] && frozen[1] == trained[1])
  }

  @Test func `the tape keeps no value that no gradient needs`() async {
    await #expect(processExitsWith: .success) {
      let size = 64 << 10
      func kept(onTape body: (Variable, Tape) -> Variable) -> Int {
        let tape = Tape()
        let leaf = tape.leaf(Tensor(repeating: 1, shape: [64, 256]))
        let before = Int(ck_buffer_report().in_use_bytes)
        let output = body(leaf * 2, tape)
        let bytes = Int(ck_buffer_report().in_use_bytes) - before
        // The output itself is not counted.
        return withExtendedLifetime((tape, output)) { bytes - size }
      }
      func kept(_ body: (Variable) -> Variable) -> Int { kept(onTape: { x, _ in body(x) }) }
      let frozen = Variable(Tensor(repeating: 0.01, shape: [256, 256]))
      let rows = kept { ($0 + $0) * 3 }
      guard rows == 0 else { preconditionFailure("sums keep \(rows) bytes") }
      let linear = kept { $0.linear(weight: frozen) }
      guard linear == 0 else { preconditionFailure("a frozen linear map keeps \(linear) bytes") }
      let kernel = Variable(Tensor(repeating: 0.01, shape: [256, 256, 1, 1]))
      let convolution = kept {
        $0.reshaped([1, 8, 8, 256]).convolved(weight: kernel).reshaped([64, 256])
      }
      guard convolution == 0 else {
        preconditionFailure("a frozen convolution keeps \(convolution) bytes")
      }
      let product = kept { $0.multiplied(by: frozen) }
      guard product == 0 else { preconditionFailure("a frozen product keeps \(product) bytes") }
      let (scale, shift) = (frozen.value.rows(0..<1), frozen.value.rows(1..<2))
      // Tracked weights need the inputs, which are made again: what stays is what normalisation and
      // the activation need for themselves, and a mean and a deviation a line.
      let chain = kept(onTape: { x, tape in
        let weight = tape.leaf(frozen.value)
        let y = x.layerNormalized(
          scale: Variable(scale.reshaped([256])), shift: Variable(shift.reshaped([256])),
          epsilon: 1e-6)
        return y.linear(weight: weight, activation: .gaussianErrorLinear).linear(weight: weight)
      })
      guard chain <= 2 * size + 4096 else { preconditionFailure("the chain keeps \(chain) bytes") }
      // Fixed statistics with a frozen scale and shift need the signs of a rectifier alone.
      let line = Tensor(repeating: 0.5, shape: [256])
      let statistics = ChannelStatistics(
        mean: line.reshaped([1, 256]), variance: line.reshaped([1, 256]))
      func normalized(
        _ x: Variable, _ residual: Variable? = nil, _ follower: NormalizationFollower = .nothing
      ) -> Variable {
        x.channelNormalized(
          scale: Variable(line), shift: Variable(line), epsilon: 1e-5, groups: 1,
          fixed: statistics, residual: residual, followedBy: follower)
      }
      // The result itself can be made again from its input; the tape needs neither.
      let plain = kept { Variable(normalized($0).value) }
      guard plain < 16384 else { preconditionFailure("frozen statistics keep \(plain) bytes") }
      let added = kept { normalized($0, $0) }
      guard added < 16384 else { preconditionFailure("a residual keeps \(added) bytes") }
      let rectified = kept { normalized($0, nil, .rectifier) }
      guard rectified < size + 16384 else {
        preconditionFailure("a rectifier keeps \(rectified) bytes")
      }
      // The output, which is not counted, has the signs.
      let both = kept { normalized($0, $0, .rectifier) }
      guard both < 16384 else { preconditionFailure("a rectified sum keeps \(both) bytes") }
      let squares = kept { $0 * $0 }
      guard squares == size else { preconditionFailure("a square keeps \(squares) bytes") }
    }
  }
}
