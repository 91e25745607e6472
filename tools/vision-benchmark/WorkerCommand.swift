import ArgumentParser
import Foundation
import Tensors

/// Runs one figure in a process of its own, so that its peak memory is its own.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Takes one sample of a figure per line of input.",
    shouldDisplay: false)

  @Argument(help: "Name of the figure.")
  var name: String
  @Option(help: "Threads.")
  var threads = 2
  @Option(help: "Calls before the first sample.")
  var warmup = 2
  @Option(help: "Folder of the files that figures read.")
  var folder: String

  func run() throws {
    guard
      let figure = (Figures.all + [Ceiling.product, Ceiling.copy]).first(where: { $0.name == name })
    else { throw BenchmarkError.unknownFigure(name) }
    Compute.configure(threads: threads)
    let materials = Materials(folder: URL(fileURLWithPath: folder), threads: threads)
    let prepared = try figure.prepare(materials)
    for _ in 0..<warmup { try prepared.step() }
    let once = try Self.time { try prepared.step() }.seconds
    // At least 50 ms a sample, so that starting and stopping the clock is nothing beside it.
    let repetitions = max(1, Int((0.05 / max(once, 1e-7)).rounded(.up)))
    try Self.tell(
      WorkerMessage.Ready(
        work: prepared.work, repetitions: repetitions, operations: prepared.floor.operations,
        bytes: prepared.floor.bytes, library: "swift-vision"))
    let allocations = Compute.systemAllocations
    while readLine() != nil {
      try Self.tell(
        Self.time {
          for _ in 0..<repetitions { try prepared.step() }
        })
    }
    try Self.tell(
      WorkerMessage.Summary(
        peakBytes: Self.peakBytes(),
        allocations: Compute.systemAllocations - allocations))
  }

  private static func time(_ body: () throws -> Void) rethrows -> WorkerMessage.Sample {
    let (clock, cpu) = (ContinuousClock(), cpuSeconds())
    let elapsed = try clock.measure(body)
    return .init(seconds: elapsed / .seconds(1), cpuSeconds: cpuSeconds() - cpu)
  }

  /// The least processor time of one of many calls, which other programs disturb least.
  static func bestCPUSeconds(within seconds: Double, _ body: () -> Void) -> Double {
    body()
    let end = cpuSeconds() + seconds
    var (best, now) = (Double.infinity, cpuSeconds())
    repeat {
      let start = now
      body()
      now = cpuSeconds()
      best = min(best, now - start)
    } while now < end
    return best
  }

  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let ended = endedPrograms()
    let seconds = time.tv_sec + ended.ru_utime.tv_sec + ended.ru_stime.tv_sec
    let microseconds = Double(ended.ru_utime.tv_usec) + Double(ended.ru_stime.tv_usec)
    return Double(seconds) + Double(time.tv_nsec) * 1e-9 + microseconds * 1e-6
  }

  /// What the programs used that this one has started and that have ended.
  private static func endedPrograms() -> rusage {
    var usage = rusage()
    // RUSAGE_CHILDREN, whose type differs between C libraries.
    getrusage(-1, &usage)
    return usage
  }

  /// Largest resident set of this program or of one that it has run; what the system counts for the
  /// process starts from the size of the one that started it.
  private static func peakBytes() -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) }
    let own = kibibytes.map { $0 * 1024 } ?? Double(Compute.peakResidentBytes)
    #if canImport(Darwin)
      return max(own, Double(endedPrograms().ru_maxrss))
    #else
      return max(own, 1024 * Double(endedPrograms().ru_maxrss))
    #endif
  }

  private static func tell(_ message: some Encodable) throws {
    try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(message) + [10])
  }
}
