import Foundation

/// A process that makes one figure ready and then takes a sample whenever it is asked.
///
/// Several workers stay ready at the same time and are asked in turn, so that what is compared was
/// measured within the same seconds.
final class Worker {
  /// What it is called in messages.
  let name: String
  /// What it said when it was warm.
  private(set) var ready: WorkerMessage.Ready
  /// The samples so far.
  private(set) var samples: [WorkerMessage.Sample] = []
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var buffer = Data()

  /// Starts a program and waits until it is warm.
  init(name: String, executable: URL, arguments: [String]) throws {
    self.name = name
    ready = .init(work: 0, repetitions: 0, library: "")
    process.executableURL = executable
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    ready = try next(WorkerMessage.Ready.self)
  }

  /// Asks for one sample.
  ///
  /// - Throws: ``BenchmarkError/worker(name:reason:)``.
  func sample() throws {
    try input.fileHandleForWriting.write(contentsOf: Data([10]))
    samples.append(try next(WorkerMessage.Sample.self))
  }

  /// Ends the process.
  ///
  /// - Throws: ``BenchmarkError/worker(name:reason:)``.
  func finish() throws -> WorkerMessage.Summary {
    try input.fileHandleForWriting.close()
    let summary = try next(WorkerMessage.Summary.self)
    process.waitUntilExit()
    return summary
  }

  /// Seconds for one unit of work in every sample.
  var unitSeconds: [Double] {
    samples.map { $0.seconds / (ready.work * Double(ready.repetitions)) }
  }

  /// Seconds of all threads for one unit of work in every sample.
  var unitCPUSeconds: [Double] {
    samples.map { $0.cpuSeconds / (ready.work * Double(ready.repetitions)) }
  }

  private func next<Message: Decodable>(_ type: Message.Type) throws -> Message {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = buffer[buffer.startIndex..<end]
        buffer = Data(buffer[(end + 1)...])
        do {
          return try JSONDecoder().decode(type, from: line)
        } catch {
          let text = String(decoding: line.prefix(200), as: UTF8.self)
          throw BenchmarkError.worker(name: name, reason: "it answered \"\(text)\"")
        }
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else {
        process.waitUntilExit()
        throw BenchmarkError.worker(
          name: name,
          reason: "exit code \(process.terminationStatus), see its message above")
      }
      buffer += data
    }
  }
}
