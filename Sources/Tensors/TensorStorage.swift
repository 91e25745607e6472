import CKernels

/// A reference-counted float buffer from the process-wide buffer pool.
///
/// Freed buffers stay with the process: small ones in lists by size class, large ones in an arena whose
/// free neighbours join. So a training step whose shapes repeat takes no memory from the system.
final class TensorStorage: @unchecked Sendable {
  // Unchecked: the pointer is written only through `Tensor`'s copy-on-write access, which requires
  // a unique reference.
  let pointer: UnsafeMutablePointer<Float>
  private let capacity: Int64

  init(count: Int) {
    var capacity: Int64 = 0
    pointer = ck_buffer_take(Int64(count), &capacity)
    self.capacity = capacity
  }

  deinit {
    ck_buffer_give(pointer, capacity)
  }
}
