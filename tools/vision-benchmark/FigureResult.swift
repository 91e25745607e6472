/// What was measured of one figure; one JSON line.
struct FigureResult: Encodable {
  /// The same figure by another program.
  struct Peer: Encodable {
    let name: String
    let library: String
    let rate: Spread
    let peakMib: Double
    /// Our rate over the peer's, one value per round.
    let ratio: Spread
    /// The peer's processor time over ours; with one thread it holds even on a busy machine.
    let cpuRatio: Spread
    /// Our peak memory over the peer's.
    let memoryRatio: Double
  }

  let figure: String
  let unit: String
  let rate: Spread
  /// Seconds of one call.
  let seconds: Spread
  /// Seconds of all threads, one call.
  let cpuSeconds: Spread
  let runs: Int
  let threads: Int
  let peakMib: Double
  /// Buffers taken from the system while samples were taken.
  let allocations: Int
  /// Floor: 10⁹ floating-point operations of one call.
  let floorGflop: Double
  /// Floor: MiB moved by one call.
  let floorMib: Double
  /// Rate of the matrix product of 2048³ in the same rounds.
  let ceilingGflops: Double
  /// Bytes copied per second at the start of the run, in 10⁹.
  let ceilingGbs: Double
  /// Achieved rate of the floor's operations.
  let achievedGflops: Double
  /// Seconds at the two ceilings, the larger of both.
  let floorSeconds: Double
  /// Load of the machine when the figure was done, over one minute.
  let load: Double
  let peers: [Peer]
}
