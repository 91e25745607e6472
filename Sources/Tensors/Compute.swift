import CKernels

/// The process-wide thread pool and buffer pool behind every operation.
public enum Compute {
  /// Sets the number of threads of every later operation; other numbers become the nearest of 1 … 64.
  ///
  /// ``threads`` tells what came of it.
  /// Results depend on this number in the last bits, because sums are split by thread count; they do
  /// not depend on timing.
  public static func configure(threads: Int) {
    ck_pool_configure(Int32(clamping: threads))
  }

  /// Threads in use.
  public static var threads: Int { Int(ck_pool_threads()) }

  /// Makes every later operation of the calling thread run on that thread alone.
  ///
  /// Threads that prepare batches call it, so that they never take the pool from the trainer.
  public static func leavePool() { ck_pool_leave() }

  /// Buffers taken from the system so far.
  ///
  /// It stays constant over steady training steps.
  public static var systemAllocations: Int { Int(ck_buffer_report().system_allocations) }

  /// Largest resident set of this process so far, in bytes.
  public static var peakResidentBytes: Int { Int(ck_peak_resident_bytes()) }

  /// Largest sum of the buffers in use at one time so far, in bytes.
  public static var peakBufferBytes: Int { Int(ck_buffer_report().peak_in_use_bytes) }

  /// Where memory runs out, a process says so on standard error and ends; from now on the sentence goes to
  /// standard output too, between `before` and `after`, of which 63 bytes each are kept.
  ///
  /// The sentence holds no line break, quotation mark or backslash.
  public static func announceLackOfMemory(before: String, after: String) {
    ck_buffer_set_last_words(before, after)
  }

  /// Gives cached buffers back to the system, for example between two stages of a run.
  public static func releaseCachedBuffers() { ck_buffer_trim() }
}
