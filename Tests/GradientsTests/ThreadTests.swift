import Gradients
import Tensors
import Testing

/// Each test sets the number of threads, which belongs to the process: hence processes of their own.
struct ThreadTests {
  @Test func `results repeat exactly, and depend on the number of threads by rounding only`() async
  {
    await #expect(processExitsWith: .success) {
      var random = RandomStream(seed: 5)
      let x = random.uniform(shape: [4, 9, 7, 8], bound: 1)
      let weight = random.uniform(shape: [16, 8, 3, 3], bound: 1)
      func run() -> [Tensor] {
        let tape = Tape()
        let leaves = (tape.leaf(x), tape.leaf(weight))
        let output = leaves.0.convolved(weight: leaves.1, padding: 1).gaussianErrorLinear()
        tape.backward(from: (output * output).mean())
        return [output.value, tape.gradient(of: leaves.0), tape.gradient(of: leaves.1)]
          .compactMap(\.self)
      }
      func largest(_ a: [Tensor], _ b: [Tensor]) -> Float {
        zip(a, b).flatMap { zip($0.values, $1.values).map { abs($0 - $1) } }.max() ?? .infinity
      }
      Compute.configure(threads: 1)
      let single = run()
      for threads in [2, 3, 5] {
        Compute.configure(threads: threads)
        guard Compute.threads == threads else { preconditionFailure("threads") }
        let several = run()
        guard several.count == 3 else { preconditionFailure("gradients") }
        for _ in 0..<5 where run() != several { preconditionFailure("results differ") }
        guard largest(single, several) < 1e-4 else { preconditionFailure("\(threads) threads") }
      }
    }
  }
}
