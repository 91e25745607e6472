import Foundation
import Storage
import Tensors
import Testing

/// Ten thousand damaged headers: each is refused in a sentence or read, without a crash or a large
/// allocation.
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
    var random = RandomStream(seed: 4).split("mutations")
    var (refused, read) = (0, 0)
    let before = Compute.peakResidentBytes
    for _ in 0..<10_000 {
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
    #expect(refused > 5000 && read > 50, "\(refused) refused, \(read) read")
    // All files together are below 4 MB; other suites run beside this one.
    #expect(Compute.peakResidentBytes - before < 512 << 20)
  }
}
