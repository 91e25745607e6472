import CKernels
import Tensors
import Testing

struct TensorTests {
  private func address(_ tensor: Tensor) -> UnsafePointer<Float> { tensor.withPointer { $0 } }

  @Test func `copies share storage until one is written`() {
    let original = Tensor([1, 2, 3, 4], shape: [2, 2])
    var copy = original
    #expect(address(copy) == address(original))
    copy[3] = 9
    #expect(address(copy) != address(original))
    #expect(original.values == [1, 2, 3, 4])
    #expect(copy.values == [1, 2, 3, 9])
    let before = address(copy)
    copy[0] = 7
    #expect(address(copy) == before)
  }

  @Test func `reshaping shares storage and writing undoes the sharing`() {
    let original = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    var other = original.reshaped([3, 2])
    #expect(address(other) == address(original))
    other.withMutablePointer { $0[0] = -1 }
    #expect(original[0] == 1)
    #expect(other.shape == [3, 2] && other[0] == -1)
  }

  @Test func `adding works in place only on storage of its own`() {
    var sum = Tensor([1, 2], shape: [2])
    let kept = sum
    sum.add(Tensor([10, 20], shape: [2]), scaledBy: 0.5)
    #expect(sum.values == [6, 12])
    #expect(kept.values == [1, 2])
    var twice = kept
    twice.add(kept)
    #expect(twice.values == [2, 4])
  }

  @Test func `a freed buffer serves the next tensor of its size class`() async {
    // In a process of its own: other tests take and give buffers at the same time.
    await #expect(processExitsWith: .success) {
      func place() -> UInt {
        let tensor = Tensor(zeros: [1000])
        return tensor.withPointer { UInt(bitPattern: $0) }
      }
      let first = place()
      let allocations = Compute.systemAllocations
      // 1000 and 990 floats round up to the same class; 5000 do not.
      let second = Tensor(zeros: [990])
      guard second.withPointer({ UInt(bitPattern: $0) }) == first,
        Compute.systemAllocations == allocations
      else { preconditionFailure("the buffer was not reused") }
      let third = Tensor(zeros: [5000])
      guard Compute.systemAllocations == allocations + 1, third.count == 5000 else {
        preconditionFailure("a larger tensor took no buffer")
      }
      let inUse = ck_buffer_report().in_use_bytes
      do { _ = Tensor(zeros: [123]) }
      guard ck_buffer_report().in_use_bytes == inUse else { preconditionFailure("leak") }
    }
  }

  @Test func `sums, finiteness and rows`() {
    let tensor = Tensor((0..<24).map(Float.init), shape: [4, 3, 2])
    #expect(tensor.summed() == 276)
    #expect(tensor.summedSquares() == 4324)
    #expect(tensor.rows == 12 && tensor.columns == 2 && tensor.rank == 3)
    #expect(tensor.rows(1..<3).shape == [2, 3, 2])
    #expect(tensor.rows(1..<3).values == (6..<18).map(Float.init))
    #expect(tensor.rows(2..<2).count == 0)
    #expect(tensor.isFinite)
    for bad in [Float.nan, .infinity, -.infinity] {
      var broken = tensor
      broken[17] = bad
      #expect(!broken.isFinite)
    }
    #expect(tensor.scaled(by: -2)[5] == -10)
  }

  @Test func `sums stay exact over many elements`() {
    // Summed one by one in float, the result would be off by hundreds.
    let tensor = Tensor(repeating: 0.1, shape: [1 << 20])
    #expect(abs(tensor.summed() - Double(Float(0.1)) * 1_048_576) < 0.5)
  }

  @Test func `equality looks at shape and elements`() {
    let tensor = Tensor([1, 2], shape: [2])
    #expect(tensor == Tensor([1, 2], shape: [2]))
    #expect(tensor != Tensor([1, 2], shape: [1, 2]))
    #expect(tensor != Tensor([1, 3], shape: [2]))
    #expect(Tensor([.nan], shape: [1]) != Tensor([.nan], shape: [1]))
    #expect(Tensor(5).scalar == 5 && Tensor(5).shape == [])
  }

  @Test func `misfits stop with a message`() async {
    await #expect(processExitsWith: .failure) { _ = Tensor([1, 2, 3], shape: [2]) }
    await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [4]).reshaped([3]) }
    await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [4])[4] }
  }

  @Test func `nothing is near what is no number`() {
    let numbers = Tensor([1, -2, 3], shape: [3])
    #expect(numbers.largestDifference(from: Tensor([1, -2.5, 3.25], shape: [3])) == 0.5)
    #expect(numbers.largestMagnitude == 3)
    for wrong in [[Float.nan, -2, 3], [1, .nan, 3], [1, -2, .infinity]] {
      let wrong = Tensor(wrong, shape: [3])
      #expect(numbers.largestDifference(from: wrong) == .infinity)
      #expect(wrong.largestDifference(from: numbers) == .infinity)
      #expect(wrong.largestDifference(from: wrong) == .infinity)
      #expect(wrong.largestMagnitude == .infinity)
    }
    #expect(numbers.largestDifference(from: numbers.reshaped([1, 3])) == .infinity)
  }
}
