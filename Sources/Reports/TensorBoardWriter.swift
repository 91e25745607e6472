public import Foundation
import SwiftProtobuf
import Synchronization

/// Writes scalars to an `events.out.tfevents.*` file that TensorBoard reads.
///
/// Each record is its length (8 bytes, little endian), the masked CRC-32C of the length, the event
/// as protocol buffer, and the masked CRC-32C of the event. A record is handed to the system in one
/// piece; readers skip a torn last one.
///
/// A resumed run opens a second file that begins with a session start at the resumed step, on which
/// TensorBoard drops what the first file holds at or beyond it.
public final class TensorBoardWriter: Sendable {
  /// The event file.
  public let url: URL
  private let now: @Sendable () -> Date
  private let file: Mutex<AppendOnlyFile>

  /// Opens a new event file.
  ///
  /// - Parameters:
  ///   - directory: the run folder; it must exist.
  ///   - step: the first step that a resumed run does again; nil for a fresh run.
  ///   - now: the wall clock.
  /// - Throws: ``ReportError`` if the file cannot be made.
  public init(
    directory: URL, resumingAt step: Int? = nil, now: @escaping @Sendable () -> Date = { Date() }
  ) throws(ReportError) {
    let seconds = Int(now().timeIntervalSince1970)
    let process = ProcessInfo.processInfo.processIdentifier
    var count = 0
    var candidate: URL
    repeat {
      // TensorBoard sorts the files of a run by name, so the time comes first.
      candidate = directory.appendingPathComponent(
        "events.out.tfevents.\(seconds).vision.\(process).\(count)")
      count += 1
    } while FileManager.default.fileExists(atPath: candidate.path)
    url = candidate
    self.now = now
    file = Mutex(try AppendOnlyFile(creating: candidate, text: ""))
    var first = TensorBoardEvent()
    first.fileVersion = "brain.Event:2"
    try write(first, step: 0)
    if let step {
      var session = TensorBoardSessionLog()
      session.status = .start
      var event = TensorBoardEvent()
      event.sessionLog = session
      try write(event, step: step)
    }
  }

  /// Writes one value; a slash in the tag makes a group, as in `loss/simmim`.
  ///
  /// - Throws: ``ReportError`` if the disk is full or the file is gone.
  public func scalar(_ tag: String, _ value: Double, step: Int) throws(ReportError) {
    try scalars([tag: value], step: step)
  }

  /// Writes the values of one step in one record.
  ///
  /// - Throws: ``ReportError`` if the disk is full or the file is gone.
  public func scalars(_ values: [String: Double], step: Int) throws(ReportError) {
    guard !values.isEmpty else { return }
    var summary = TensorBoardSummary()
    summary.value = values.sorted { $0.key < $1.key }.map { tag, value in
      var entry = TensorBoardSummary.Value()
      entry.tag = tag
      entry.simpleValue = Float(value)
      return entry
    }
    var event = TensorBoardEvent()
    event.summary = summary
    try write(event, step: step)
  }

  /// Waits until all records are on the disk.
  public func synchronize() throws(ReportError) {
    try file.withLock { file throws(ReportError) in try file.synchronize() }
  }

  private func write(_ event: TensorBoardEvent, step: Int) throws(ReportError) {
    var event = event
    event.wallTime = now().timeIntervalSince1970
    event.step = Int64(step)
    let payload: [UInt8]
    do {
      payload = try event.serializedBytes()
    } catch {
      throw .cannotWrite(path: url.path, reason: "the event cannot be encoded (\(error))")
    }
    let record = Self.record(payload)
    try file.withLock { file throws(ReportError) in try file.append(bytes: record) }
  }

  /// A payload between its length and its checks.
  static func record(_ payload: [UInt8]) -> Data {
    func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    let length = littleEndian(UInt64(payload.count))
    return Data(
      length + littleEndian(CRC32C.masked(length)) + payload
        + littleEndian(CRC32C.masked(payload)))
  }
}
