/// One line of the benchmark: its name, what it counts, who else can do it, and how it is run.
struct Figure: Sendable {
  /// A figure made ready, with everything that happens once behind it.
  struct Prepared {
    /// Units that one call of `step` does.
    var work: Double
    /// The least that one call needs.
    var floor: Floor
    /// The work that is timed.
    var step: () throws -> Void
  }

  /// Name on the command line and in the output.
  let name: String
  /// What the rate counts, per second.
  let unit: String
  /// Programs of `tools/peers/peer.py` that do the same, the strongest first.
  var peers: [String] = []
  /// Makes inputs, networks and optimizer.
  let prepare: @Sendable (Materials) throws -> Prepared
}
