import CKernels
import Gradients
import Tensors
import Testing

/// What is computed in one pass must equal what several passes give.
struct FusedNormalizationTests {
  private struct Outcome {
    var output: Tensor
    var gradients: [Tensor]
  }

  private func drawn(_ shape: [Int], _ name: String) -> Tensor {
    var random = RandomStream(seed: 3).split(name)
    return random.uniform(shape: shape, bound: 1)
  }

  private func run(_ inputs: [Tensor], _ function: ([Variable]) -> Variable) -> Outcome {
    let tape = Tape()
    let leaves = inputs.map { tape.leaf($0) }
    let output = function(leaves)
    tape.backward(from: output, seed: drawn(output.shape, "seed"))
    return Outcome(
      output: output.value, gradients: leaves.compactMap { tape.gradient(of: $0) })
  }

  private func expectEqual(_ first: Outcome, _ second: Outcome) {
    #expect(first.gradients.count == second.gradients.count)
    for (a, b) in zip([first.output] + first.gradients, [second.output] + second.gradients) {
      let largest = b.values.reduce(0) { max($0, abs($1)) }
      for (x, y) in zip(a.values, b.values) { #expect(abs(x - y) <= 1e-5 * max(largest, 1)) }
    }
  }

  private var inputs: [Tensor] {
    [
      drawn([3, 7, 5, 19], "x"), drawn([19], "scale"), drawn([19], "shift"), drawn([19], "slope"),
    ]
  }

  @Test(arguments: [1, 3])
  func normalisationWithSlopes(groups: Int) {
    expectEqual(
      run(inputs) {
        $0[0].channelNormalized(
          scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: groups, followedBy: .slopes($0[3]))
      },
      run(inputs) {
        $0[0].channelNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: groups)
          .parametricRectified(slope: $0[3])
      })
  }

  @Test(arguments: [1, 3])
  func normalisationWithRectifier(groups: Int) {
    let inputs = Array(inputs.prefix(3))
    expectEqual(
      run(inputs) {
        $0[0].channelNormalized(
          scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: groups, followedBy: .rectifier)
      },
      run(inputs) {
        $0[0].channelNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: groups)
          .rectified()
      })
  }

  @Test func fixedStatisticsWithSlopes() {
    let statistics = ChannelStatistics(
      mean: drawn([19], "mean"), variance: Tensor(repeating: 0.7, shape: [19]))
    expectEqual(
      run(inputs) {
        $0[0].channelNormalized(
          scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, fixed: statistics,
          followedBy: .slopes($0[3]))
      },
      run(inputs) {
        $0[0].channelNormalized(
          scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, fixed: statistics
        ).parametricRectified(slope: $0[3])
      })
  }

  /// The convolution behind a normalisation gets its input made again, with the same bits.
  @Test func convolutionOfRebuiltInput() {
    let inputs = inputs + [drawn([8, 19, 3, 3], "weight")]
    func network(_ x: [Variable], _ between: (Variable) -> Variable) -> Variable {
      between(
        x[0].channelNormalized(
          scale: x[1], shift: x[2], epsilon: 1e-3, groups: 1, followedBy: .slopes(x[3]))
      ).convolved(weight: x[4], padding: 1)
    }
    let rebuilt = run(inputs) { network($0) { $0 } }
    // Adding zeros ends the chain of values that can be made again.
    let stored = run(inputs) {
      network($0) { $0 + Variable(Tensor(zeros: $0.shape)) }
    }
    #expect(rebuilt.output == stored.output)
    for (a, b) in zip(rebuilt.gradients, stored.gradients) { #expect(a == b) }
  }

  /// A convolution's own output is made again for what stands behind it, with the same bits.
  @Test func convolutionThatIsMadeAgain() {
    let inputs = inputs + [drawn([19, 19, 1, 1], "first"), drawn([8, 19, 3, 3], "second")]
    func outcome(remakesOutput: Bool) -> Outcome {
      run(inputs) {
        $0[0].convolved(weight: $0[4], remakesOutput: remakesOutput)
          .channelNormalized(
            scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, followedBy: .slopes($0[3])
          ).convolved(weight: $0[5], padding: 1)
      }
    }
    let (remade, stored) = (outcome(remakesOutput: true), outcome(remakesOutput: false))
    #expect(remade.output == stored.output)
    for (a, b) in zip(remade.gradients, stored.gradients) { #expect(a == b) }
  }

  /// In a process of its own, where nothing else takes buffers.
  @Test func convolutionThatIsMadeAgainIsNotKept() async {
    await #expect(processExitsWith: .success) {
      func bytesAfterForward(remakesOutput: Bool) -> Int64 {
        let tape = Tape()
        let input = tape.leaf(Tensor(repeating: 0.5, shape: [4, 32, 32, 8]))
        let weight = tape.leaf(Tensor(repeating: 0.1, shape: [64, 8, 1, 1]))
        let before = ck_buffer_report().in_use_bytes
        let (scale, shift) = (Tensor(repeating: 1, shape: [64]), Tensor(zeros: [64]))
        // The mean keeps nothing of its input.
        let output = input.convolved(weight: weight, remakesOutput: remakesOutput)
          .channelNormalized(
            scale: Variable(scale), shift: Variable(shift), epsilon: 1e-3, groups: 1
          ).mean()
        let taken = ck_buffer_report().in_use_bytes - before
        tape.backward(from: output)
        return taken
      }
      let saved = bytesAfterForward(remakesOutput: false) - bytesAfterForward(remakesOutput: true)
      guard saved >= 4 * 32 * 32 * 64 * 4 else { preconditionFailure("only \(saved) bytes less") }
    }
  }

  @Test(arguments: [(4, 5), (40, 24), (520, 16)])
  func convolutionWithAddend(channels: Int, outputs: Int) {
    let inputs = [
      drawn([2, 3, 3, channels], "x"), drawn([outputs, channels, 1, 1], "weight"),
      drawn([outputs], "bias"), drawn([2, 3, 3, outputs], "addend"),
    ]
    expectEqual(
      run(inputs) { $0[0].convolved(weight: $0[1], bias: $0[2], addend: $0[3]) },
      run(inputs) { $0[0].convolved(weight: $0[1], bias: $0[2]) + $0[3] })
  }
}
