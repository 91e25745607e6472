import Foundation

/// Runs figures: every one, its peers and the ceiling take samples in turn.
struct Bench {
  /// This program.
  let executable: URL
  /// Python of the environment with the peers' libraries, if peers are wanted.
  let python: URL?
  /// The folder `tools/peers`.
  let scripts: URL
  /// Where clips and pictures are kept.
  let folder: URL
  let threads: Int
  let runs: Int
  let warmup: Int
  /// Called with what goes on.
  let report: (String) -> Void

  /// Measures figures in order; `done` receives each as soon as it is there.
  func measure(_ figures: [Figure], done: (FigureResult) throws -> Void) throws {
    let copies = try own(Ceiling.copy)
    for _ in 0..<5 { try copies.sample() }
    let copied = Spread(copies.unitSeconds).median
    let bandwidth = (copies.ready.bytes ?? 0) / copied
    _ = try copies.finish()
    let products = try own(Ceiling.product)
    for figure in figures {
      report("\(figure.name) …")
      try done(try measure(figure, products: products, bandwidth: bandwidth))
    }
    _ = try products.finish()
  }

  private func measure(
    _ figure: Figure, products: Worker, bandwidth: Double
  ) throws -> FigureResult {
    let ours = try own(figure)
    let peers = try python == nil ? [] : figure.peers.map { try peer($0, figure) }
    let first = products.samples.count
    for _ in 0..<runs {
      try products.sample()
      for worker in [ours] + peers {
        // Threads that busy-wait after their last work must be asleep before another's turn.
        Thread.sleep(forTimeInterval: 0.05)
        try worker.sample()
      }
    }
    let productSeconds = Spread(Array(products.unitSeconds[first...])).median
    let ceiling = (products.ready.operations ?? 0) / productSeconds
    let summary = try ours.finish()
    let unit = ours.unitSeconds
    let seconds = Spread(unit.map { $0 * ours.ready.work })
    let (operations, bytes) = (ours.ready.operations ?? 0, ours.ready.bytes ?? 0)
    let peak = summary.peakBytes / 1_048_576
    let compared = try peers.map { worker in
      let peerPeak = try worker.finish().peakBytes / 1_048_576
      return FigureResult.Peer(
        name: worker.name, library: worker.ready.library,
        rate: Spread(worker.unitSeconds.map { 1 / $0 }), peakMib: Spread.rounded(peerPeak),
        ratio: Spread(zip(unit, worker.unitSeconds).map { $1 / $0 }),
        cpuRatio: Spread(zip(ours.unitCPUSeconds, worker.unitCPUSeconds).map { $1 / $0 }),
        memoryRatio: Spread.rounded(peak / peerPeak))
    }
    return FigureResult(
      figure: figure.name, unit: figure.unit, rate: Spread(unit.map { 1 / $0 }), seconds: seconds,
      cpuSeconds: Spread(ours.samples.map { $0.cpuSeconds / Double(ours.ready.repetitions) }),
      runs: runs, threads: threads, peakMib: Spread.rounded(peak),
      allocations: summary.allocations ?? 0, floorGflop: Spread.rounded(operations / 1e9),
      floorMib: Spread.rounded(bytes / 1_048_576),
      ceilingGflops: Spread.rounded(ceiling / 1e9), ceilingGbs: Spread.rounded(bandwidth / 1e9),
      achievedGflops: Spread.rounded(operations / seconds.median / 1e9),
      floorSeconds: Spread.rounded(max(operations / ceiling, bytes / bandwidth)),
      load: Spread.rounded(Self.load()), peers: compared)
  }

  private func own(_ figure: Figure) throws -> Worker {
    try Worker(
      name: figure.name, executable: executable,
      arguments: [
        "worker", figure.name, "--threads", String(threads), "--warmup", String(warmup),
        "--folder", folder.path,
      ])
  }

  private func peer(_ name: String, _ figure: Figure) throws -> Worker {
    try Worker(
      name: name, executable: python ?? executable,
      arguments: [
        scripts.appending(path: "peer.py").path, name, figure.name, "--threads", String(threads),
        "--warmup", String(warmup), "--folder", folder.path,
      ])
  }

  private static func load() -> Double {
    var values = [0.0, 0.0, 0.0]
    return getloadavg(&values, 1) == 1 ? values[0] : 0
  }
}
