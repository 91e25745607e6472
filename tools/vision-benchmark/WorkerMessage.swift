/// What a worker tells the benchmark, one JSON object a line; `tools/peers` speaks the same.
enum WorkerMessage {
  /// Everything is made and warm.
  struct Ready: Codable {
    /// Units of one call.
    var work: Double
    /// Calls per sample, so that a sample is long enough to time.
    var repetitions: Int
    /// Floating-point operations of one call, where they are known.
    var operations: Double?
    /// Bytes of one call, where they are known.
    var bytes: Double?
    /// What computes, with its version.
    var library: String
  }

  /// One sample of `repetitions` calls, taken when a line arrives.
  struct Sample: Codable {
    /// Time on the clock.
    var seconds: Double
    /// Time of all threads of the worker.
    var cpuSeconds: Double
  }

  /// The end, after the input was closed.
  struct Summary: Codable {
    /// Largest resident set.
    var peakBytes: Double
    /// Buffers that samples took from the system, where they are counted.
    var allocations: Int?
  }
}
