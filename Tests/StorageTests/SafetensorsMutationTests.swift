import Foundation
import Storage
import Tensors
import Testing

/// Ten thousand damaged headers: each is refused in a sentence or read, without a crash or a large
/// allocation.
///
/// With `VISION_MUTATION_SECONDS` the damage goes on for that long, with other random numbers than in the
/// short run, and the process is taken to run nothing else: then the bound on memory is narrow. Continuous
/// integration does so.
@Suite struct SafetensorsMutationTests {
  /// Headers of every kind that a file may have, with their data.
  private static let seeds: [(header: String, data: Int)] = [
    (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8),
    (
      #"{"__metadata__":{"format":"pt","note":"é\n\u00e9"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
        + #""b.c":{"dtype":"F16","shape":[2,3],"data_offsets":[8,20]},"#
        + #""d":{"dtype":"BF16","shape":[1,0],"data_offsets":[20,20]}}"#, 20
    ),
    (
      #"{"m":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"n":{"dtype":"U8","shape":[1,1],"data_offsets":[3,4]}}  "#,
      4
    ),
  ]

  /// Pieces that headers are likely to be damaged with.
  private static let pieces = [
    "[", "]", "{", "}", "\"", ":", ",", "-1", "18446744073709551615", "9223372036854775807", "1e9",
    "0.5", "null", "\\u", "\\ud800", "F64", "F4", "[[[[[[[[", "{\"a\":", "\u{0}", "    ",
    "\"dtype\"",
    "\"data_offsets\":[0,8]", "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},",
  ].map { Array($0.utf8) }

  private static var seconds: Int? {
    ProcessInfo.processInfo.environment["VISION_MUTATION_SECONDS"].flatMap { Int($0) }
  }

  private func mutated(_ random: inout RandomStream) -> [UInt8] {
    func below(_ count: Int) -> Int { min(Int(random.uniform() * Float(count)), count - 1) }
    let seed = Self.seeds[below(Self.seeds.count)]
    var header = Array(seed.header.utf8)
    for _ in 0...below(4) {
      let place = header.isEmpty ? 0 : below(header.count)
      switch below(6) {
      case 0 where !header.isEmpty: header[place] = UInt8(below(256))
      case 1 where !header.isEmpty: header[place] ^= 1 << UInt8(below(8))
      case 2: header.removeSubrange(place..<min(header.count, place + 1 + below(9)))
      case 3: header.insert(contentsOf: Self.pieces[below(Self.pieces.count)], at: place)
      case 4:
        // A digit for another one keeps the text valid, and breaks the numbers instead.
        if let digit = header[place...].firstIndex(where: { (48...57).contains($0) }) {
          header[digit] = 48 + UInt8(below(10))
        }
      default: header.insert(contentsOf: header[place..<min(header.count, place + 30)], at: place)
      }
    }
    var length = UInt64(header.count)
    switch below(12) {
    case 0: length = UInt64(below(200))
    case 1: length = UInt64.max >> UInt64(below(64))
    default: break
    }
    let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + header
    return bytes
      + [UInt8](repeating: 1, count: max(0, seed.data + [0, 0, 0, 0, -1, 1, 7][below(7)]))
  }

  @Test(.timeLimit(.minutes(10))) func `damaged headers are refused in a sentence`() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    let seconds = Self.seconds
    var random = RandomStream(seed: seconds == nil ? 4 : 5).split("mutations")
    var (refused, read) = (0, 0)
    let before = Compute.peakResidentBytes
    let end = ContinuousClock.now + .seconds(seconds ?? 0)
    var count = 0
    while count < 10_000 || ContinuousClock.now < end {
      count += 1
      try Data(mutated(&random)).write(to: file)
      do throws(SafetensorsError) {
        let found = try SafetensorsFile(contentsOf: file)
        for tensor in found.tensors {
          #expect(tensor.byteCount <= 64)
          switch tensor.type {
          case .float32, .float16, .bfloat16, .float64: _ = try found.floats(tensor.name)
          case .boolean, .unsigned8, .integer64: _ = try found.integers(tensor.name)
          default: #expect(throws: SafetensorsError.self) { try found.floats(tensor.name) }
          }
        }
        read += 1
      } catch {
        refused += 1
        let sentence = error.description
        #expect(sentence.hasSuffix(".") && sentence.contains(file.path), "\(sentence)")
      }
    }
    #expect(refused > count / 2 && read > count / 200, "\(refused) refused, \(read) read")
    // No file is larger than a kilobyte. Other suites, which take far more, run beside the short run.
    let bound = seconds == nil ? 512 << 20 : 16 << 20
    let grown = Compute.peakResidentBytes - before
    #expect(grown < bound, "\(grown) bytes more after \(count) files")
  }
}
