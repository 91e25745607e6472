import Gradients
import Losses
import Tensors
import Testing

struct MaskedReconstructionTests {
  private let target = Tensor(zeros: [2, 2, 1, 3])
  private let prediction = Tensor(
    [1, -2, 3, 9, 9, 9, 4, 4, -4, 9, 9, 9], shape: [2, 2, 1, 3])

  @Test func `is the mean absolute error per masked pixel and channel of the batch`() {
    let mask = Tensor([1, 0, 1, 0], shape: [4])
    let loss = MaskedReconstruction()(Variable(prediction), target: target, mask: mask)
    #expect(abs(loss.value.scalar - 3) < 1e-4)
  }

  @Test func `what is visible costs nothing and receives no gradient`() {
    let tape = Tape()
    let leaf = tape.leaf(prediction)
    let mask = Tensor([1, 0, 0, 0], shape: [4])
    tape.backward(from: MaskedReconstruction()(leaf, target: target, mask: mask))
    let gradient = tape.gradient(of: leaf)?.values ?? []
    #expect(gradient[3...].allSatisfy { $0 == 0 })
    for (found, expected) in zip(gradient, [1.0 / 3, -1.0 / 3, 1.0 / 3]) {
      #expect(abs(Double(found) - expected) < 1e-5)
    }
  }

  @Test func `an empty mask gives zero`() {
    let loss = MaskedReconstruction()(
      Variable(prediction), target: target, mask: Tensor(zeros: [4]))
    #expect(loss.value.scalar == 0)
  }
}
