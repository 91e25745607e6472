import Foundation
import Testing

@testable import Storage

@Suite struct SafetensorsRefusalTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `accepts an empty file and padding`() throws {
    #expect(try folder.open(header: "{}").tensors.isEmpty)
    #expect(try folder.open(header: "{}      ").tensors.isEmpty)
    let spaced = #"{ "w" : { "shape" : [ 1 ] , "data_offsets":[0,4],"dtype":"F32" } }"#
    #expect(try folder.open(header: spaced, dataSize: 4).floats("w") == [0])
  }

  @Test func `accepts tensors in any order of the header`() throws {
    let header =
      #"{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"#
      + #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    #expect(try folder.open(header: header, dataSize: 8).tensors.map(\.name) == ["a", "b"])
  }

  @Test func `refuses files that are cut off or too long`() throws {
    let path = folder.url.appending(path: "model.safetensors").path
    #expect(throws: SafetensorsError.truncated(path: path, size: 3, needed: 8)) {
      try folder.open([1, 2, 3])
    }
    for size in [8, 60, 100, 351, 353, orderingGolden.count - 1] {
      #expect(throws: SafetensorsError.self, "\(size)") {
        try folder.open(Array(orderingGolden.prefix(size)))
      }
    }
    #expect(throws: SafetensorsError.trailingBytes(path: path, bytes: 1)) {
      try folder.open(orderingGolden + [0])
    }
  }

  @Test func `refuses a header above the limit without reading it`() throws {
    let path = folder.url.appending(path: "model.safetensors").path
    for size in [UInt64(100_000_001), .max] {
      #expect(throws: SafetensorsError.headerTooLarge(path: path, size: size)) {
        try folder.open(withUnsafeBytes(of: size.littleEndian, Array.init) + [0x7b, 0x7d])
      }
    }
    #expect(throws: SafetensorsError.truncated(path: path, size: 10, needed: 100_000_008)) {
      try folder.open(
        withUnsafeBytes(of: UInt64(100_000_000).littleEndian, Array.init) + [0x7b, 0x7d])
    }
  }

  @Test func `names the tensors that overlap, leave a gap or misstate their size`() throws {
    let path = folder.url.appending(path: "model.safetensors").path
    func header(_ a: String, _ b: String) -> String {
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[\#(a)]},"#
        + #""b":{"dtype":"F32","shape":[1],"data_offsets":[\#(b)]}}"#
    }
    #expect(try folder.refusal(header: header("0,8", "8,12"), dataSize: 12) == nil)
    #expect(
      try folder.refusal(header: header("0,8", "4,8"), dataSize: 8)
        == .overlap(path: path, first: "a", second: "b"))
    #expect(
      try folder.refusal(header: header("0,8", "12,16"), dataSize: 16)
        == .gap(path: path, before: "b", bytes: 4))
    #expect(
      try folder.refusal(header: header("4,12", "12,16"), dataSize: 16)
        == .gap(path: path, before: "a", bytes: 4))
    #expect(
      try folder.refusal(header: header("0,4", "4,8"), dataSize: 8)
        == .sizeMismatch(path: path, name: "a", range: 4, shape: [2], needed: 8))
  }

  @Test(arguments: [
    ("F4", "[3]"), ("F6_E2M3", "[2]"), ("F32", "[9223372036854775807,2]"),
    ("F32", "[4611686018427387904,4]"), ("F32", "[4294967296,4294967296,0]"),
  ])
  func `refuses sizes that no file has`(type: String, shape: String) throws {
    let header = #"{"w":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[0,0]}}"#
    guard case .impossibleSize = try folder.refusal(header: header) else {
      Issue.record("accepted or refused for another reason")
      return
    }
  }

  @Test func `counts bits of sub-byte types`() throws {
    let header = #"{"w":{"dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3]}}"#
    #expect(try folder.open(header: header, dataSize: 3)["w"]?.byteCount == 3)
  }

  @Test func `refuses names given twice and unknown types`() throws {
    let path = folder.url.appending(path: "model.safetensors").path
    let tensor = #"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#
    #expect(
      try folder.refusal(header: #"{"w":\#(tensor),"w":\#(tensor)}"#)
        == .duplicateName(path: path, name: "w"))
    // The same name in another spelling.
    #expect(
      try folder.refusal(header: #"{"w":\#(tensor),"\u0077":\#(tensor)}"#)
        == .duplicateName(path: path, name: "w"))
    #expect(
      try folder.refusal(header: #"{"__metadata__":{},"__metadata__":{}}"#)
        == .duplicateName(path: path, name: "__metadata__"))
    #expect(
      try folder.refusal(header: #"{"w":{"dtype":"F33","shape":[0],"data_offsets":[0,0]}}"#)
        == .unknownType(path: path, name: "w", type: "F33"))
  }

  @Test(arguments: [
    "", " {}", "[]", "{", "{}}", "{}x", "{\"w\"}", "{\"w\":1}", "{\"w\":null}", "{\"w\":{}}",
    #"{"w":{"dtype":"F32","shape":[1]}}"#,
    #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
    #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
    #"{"w":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
    #"{"w":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
    #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1}}"#,
    #"{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"__metadata__":{"a":1}}"#, #"{"__metadata__":{"a":"1","a":"2"}}"#,
    #"{"\ud800":{}}"#, #"{"\ud800\u0041":{}}"#, #"{"\udc00":{}}"#, #"{"\u12"#, #"{"\x":{}}"#,
    "{\"a\u{1}\":{}}", "{\"a", "{\"a\\",
  ])
  func `refuses a malformed header with its place`(header: String) throws {
    guard case .malformedHeader(_, let byte, let reason) = try folder.refusal(header: header)
    else {
      Issue.record("accepted or refused for another reason: \(header)")
      return
    }
    #expect(byte <= header.utf8.count)
    #expect(!reason.isEmpty)
  }

  @Test func `refuses text that is not UTF-8`() throws {
    var bytes = headerBytes(#"{"__metadata__":{"a":"xx"}}"#)
    bytes[bytes.count - 4] = 0xff
    #expect(throws: SafetensorsError.self) { try folder.open(bytes) }
  }

  @Test func `nesting does not exhaust the stack`() throws {
    for text in ["[", "{\"a\":", "{\"__metadata__\":"] {
      let header = "{\"w\":" + String(repeating: text, count: 200_000)
      #expect(try folder.refusal(header: header) != nil)
    }
  }

  @Test func `says what is wrong with a path`() throws {
    let missing = folder.url.appending(path: "none.safetensors")
    #expect(throws: SafetensorsError.missing(path: missing.path)) {
      try SafetensorsFile(contentsOf: missing)
    }
    #expect(throws: SafetensorsError.unreadable(path: folder.url.path, reason: "it is a folder")) {
      try SafetensorsFile(contentsOf: folder.url)
    }
  }

  @Test func `notices a file that is cut after it was opened`() throws {
    let file = try folder.open(orderingGolden)
    try Data(orderingGolden.prefix(360)).write(to: file.url.resolvingSymlinksInPath(), options: [])
    #expect(throws: SafetensorsError.self) { try file.floats("b.weight") }
  }

  @Test func `ten thousand damaged headers are refused or read, never worse`() throws {
    var random = SplitMix(state: 20_261_123)
    let header = Array(orderingGolden[8..<352])
    var refused = 0
    for round in 0..<10_000 {
      let damaged = damage(header, using: &random)
      let dataSize = Bool.random(using: &random) ? 36 : Int.random(in: 0...60, using: &random)
      do {
        let checked = try SafetensorsHeader(bytes: damaged, dataSize: dataSize, path: "damaged")
        var end = 0
        for tensor in checked.tensors {
          #expect(tensor.begin == end)
          #expect(tensor.type.byteCount(shape: tensor.shape) == tensor.byteCount)
          end = tensor.end
        }
        #expect(end == dataSize)
      } catch {
        #expect(!error.description.isEmpty)
        refused += 1
      }
      // The same through a file, rarely because files are slow.
      guard round % 100 == 0 else { continue }
      let length = UInt64(damaged.count + Int.random(in: -1...1, using: &random))
      let bytes =
        withUnsafeBytes(of: length.littleEndian, Array.init) + damaged
        + [UInt8](repeating: 1, count: dataSize)
      do {
        let file = try folder.open(bytes)
        for tensor in file.tensors {
          #expect(try file.withBytes(tensor.name, \.count) == tensor.byteCount)
        }
      } catch let error as SafetensorsError {
        #expect(!error.description.isEmpty)
      }
    }
    // Some damage is harmless, such as another letter in a name.
    #expect(refused > 5000 && refused < 10_000)
  }

  /// A header with one to four bytes or pieces changed.
  private func damage(_ header: [UInt8], using random: inout SplitMix) -> [UInt8] {
    let structural = Array("{}[]\",:\\0123456789 -.euF".utf8) + [0, 0xff, 0xc3]
    var bytes = header
    for _ in 0...Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0...5, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 1: bytes[place] = structural.randomElement(using: &random) ?? 0
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(structural.randomElement(using: &random) ?? 0, at: place)
      case 4: bytes.removeLast(Int.random(in: 0...min(bytes.count - 9, 60), using: &random))
      default:
        let end = min(bytes.count, place + 20)
        bytes.insert(contentsOf: Array(bytes[place..<end]), at: end)
      }
    }
    return bytes
  }
}

/// A generator with a fixed start, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
