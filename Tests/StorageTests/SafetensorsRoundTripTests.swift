import Foundation
import Testing

@testable import Storage

@Suite struct SafetensorsRoundTripTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `writes the 72-byte golden file`() throws {
    let file = folder.url.appending(path: "golden.safetensors")
    let values: [Float] = [1, 2]
    let plans = [SafetensorsWriter.Plan(name: "w", shape: [2])]
    try SafetensorsWriter.write(plans, addsFormat: false, to: file) { _, emit in
      try values.withUnsafeBytes(emit)
    }
    let expected =
      [0x38, 0, 0, 0, 0, 0, 0, 0]
      + Array(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#.utf8)
      + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]
    #expect(expected.count == 72)
    #expect(Array(try Data(contentsOf: file)) == expected)
  }

  @Test func `16-bit numbers are rounded to the nearest and read back`() throws {
    let file = folder.url.appending(path: "half.safetensors")
    let values: [Float] = [1, -0.5, 1 + 1 / 2048 + 1e-6, 65504, -2, 0, 6e-8, .infinity]
    try SafetensorsWriter.write([("h", [2, 4], .float16(values))], to: file)
    let read = try SafetensorsFile(contentsOf: file)
    #expect(read["h"]?.type == .float16 && read["h"]?.byteCount == 16)
    let unit = Float(0x1p-24)
    #expect(
      try read.floats("h") == [1, -0.5, 1 + 1 / 1024, 65504, -2, 0, unit, .infinity])
    // What would become infinite is refused, and the file stays.
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter.write([("h", [1], .float16([1e6]))], to: file)
    }
    #expect(try SafetensorsFile(contentsOf: file)["h"]?.shape == [2, 4])
  }

  @Test func `orders tensors as the reference implementation does`() throws {
    let file = folder.url.appending(path: "ordering.safetensors")
    let plans: [SafetensorsWriter.Plan] = [
      .init(name: "h", type: .float16, shape: [2]), .init(name: "e", shape: [0, 3]),
      .init(name: "b.weight", shape: [2, 2]),
      .init(name: "n.num_batches_tracked", type: .integer64, shape: []),
      .init(name: "a.bias", shape: [2]),
    ]
    var order: [Int] = []
    try SafetensorsWriter.write(plans, to: file) { index, emit in
      order.append(index)
      switch index {
      case 0: try [UInt16(0x3c00), 0x3800].withUnsafeBytes(emit)
      case 1: break
      case 2:
        // In two pieces, as a tensor that does not lie in one block would come.
        try [Float(1), 2].withUnsafeBytes(emit)
        try [Float(3), 4].withUnsafeBytes(emit)
      case 3: try [Int64(7)].withUnsafeBytes(emit)
      default: try [Float(1), 2].withUnsafeBytes(emit)
      }
    }
    #expect(order == [3, 4, 2, 1, 0])
    #expect(Array(try Data(contentsOf: file)) == orderingGolden)
  }

  @Test func `reads what the reference implementation writes`() throws {
    let file = try folder.open(orderingGolden)
    #expect(file.metadata == ["format": "pt"])
    // The empty tensor starts where the half-precision one does.
    #expect(file.tensors.map(\.name) == ["n.num_batches_tracked", "a.bias", "b.weight", "e", "h"])
    #expect(try file.integers("n.num_batches_tracked") == [7])
    #expect(try file.floats("a.bias") == [1, 2])
    #expect(try file.floats("b.weight") == [1, 2, 3, 4])
    #expect(try file.floats("e") == [])
    #expect(file["e"]?.shape == [0, 3])
    #expect(try file.floats("h") == [1, 0.5])
    #expect(try file.withBytes("h", Array.init) == [0, 0x3c, 0, 0x38])
    #expect(throws: SafetensorsError.noTensor(path: file.url.path, name: "x")) {
      try file.floats("x")
    }
  }

  @Test func `keeps names, shapes, values and metadata of any text`() throws {
    let file = folder.url.appending(path: "räume und \"Namen\".safetensors")
    let names = ["plain", "a \"quoted\" \\ name", "Zeile\n\t\u{1}", "größe.重み", "\u{1f40c}"]
    let metadata = ["note": "tab\t and \u{7f} and ü", "": "empty key"]
    let tensors: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] =
      names.enumerated().map { ($1, [2], .float32([Float($0), -Float($0) / 3])) }
      + [("count", [], .int64([Int64.min]))]
    try SafetensorsWriter.write(tensors, metadata: metadata, to: file)
    let read = try SafetensorsFile(contentsOf: file)
    #expect(read.metadata == metadata.merging(["format": "pt"]) { a, _ in a })
    for (index, name) in names.enumerated() {
      #expect(try read.floats(name) == [Float(index), -Float(index) / 3])
    }
    #expect(try read.integers("count") == [Int64.min])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 1)
  }

  @Test func `converts every half-precision value`() throws {
    let patterns = (0...UInt16.max).map { $0 }
    for type in [SafetensorsType.float16, .bfloat16] {
      let file = folder.url.appending(path: "half.safetensors")
      let plan = SafetensorsWriter.Plan(name: "h", type: type, shape: [patterns.count])
      try SafetensorsWriter.write([plan], to: file) { _, emit in
        try patterns.withUnsafeBytes(emit)
      }
      let values = try SafetensorsFile(contentsOf: file).floats("h")
      for (pattern, value) in zip(patterns, values) {
        let expected =
          type == .float16
          ? referenceHalf(pattern) : Float(bitPattern: UInt32(pattern) << 16)
        guard value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN) else {
          Issue.record("\(type) \(pattern): \(value) instead of \(expected)")
          return
        }
      }
    }
  }

  @Test func `reads integers of every width and doubles`() throws {
    let file = folder.url.appending(path: "mixed.safetensors")
    let plans: [SafetensorsWriter.Plan] = [
      .init(name: "b", type: .boolean, shape: [2]), .init(name: "i8", type: .integer8, shape: [2]),
      .init(name: "u16", type: .unsigned16, shape: [1]),
      .init(name: "i32", type: .integer32, shape: [1]),
      .init(name: "u64", type: .unsigned64, shape: [1]),
      .init(name: "d", type: .float64, shape: [2]),
    ]
    try SafetensorsWriter.write(plans, to: file) { index, emit in
      switch index {
      case 0: try [UInt8(0), 1].withUnsafeBytes(emit)
      case 1: try [Int8(-128), 127].withUnsafeBytes(emit)
      case 2: try [UInt16.max].withUnsafeBytes(emit)
      case 3: try [Int32.min].withUnsafeBytes(emit)
      case 4: try [UInt64.max].withUnsafeBytes(emit)
      default: try [0.1, -1e300].withUnsafeBytes(emit)
      }
    }
    let read = try SafetensorsFile(contentsOf: file)
    #expect(try read.integers("b") == [0, 1])
    #expect(try read.integers("i8") == [-128, 127])
    #expect(try read.integers("u16") == [65_535])
    #expect(try read.integers("i32") == [Int64(Int32.min)])
    #expect(try read.floats("d") == [0.1, -.infinity])
    #expect(throws: SafetensorsError.self) { try read.integers("u64") }
    #expect(throws: SafetensorsError.self) { try read.integers("d") }
    #expect(throws: SafetensorsError.self) { try read.floats("i32") }
  }

  @Test func `reads a tensor longer than one piece`() throws {
    let file = folder.url.appending(path: "long.safetensors")
    let halves = (0..<700_000).map { UInt16(truncatingIfNeeded: $0 & 0x3fff) }
    let plan = SafetensorsWriter.Plan(name: "h", type: .float16, shape: [700, 1000])
    try SafetensorsWriter.write([plan], to: file) { _, emit in try halves.withUnsafeBytes(emit) }
    let values = try SafetensorsFile(contentsOf: file).floats("h")
    for index in [0, 524_287, 524_288, 699_999] {
      #expect(values[index] == referenceHalf(halves[index]))
    }
  }

  @Test func `leaves the old file alone when writing fails`() throws {
    let file = folder.url.appending(path: "model.safetensors")
    try SafetensorsWriter.write([("w", [1], .float32([5]))], to: file)
    let wrong: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] = [
      ("a", [1], .float32([1])), ("w", [3], .float32([1, 2])),
    ]
    #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(wrong, to: file) }
    let tooMany: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] = [
      ("w", [1], .float32([1, 2]))
    ]
    #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(tooMany, to: file) }
    #expect(try SafetensorsFile(contentsOf: file).floats("w") == [5])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        == ["model.safetensors"])
  }

  @Test func `refuses tensors that contradict themselves`() {
    let file = folder.url.appending(path: "never.safetensors")
    let cases: [[(name: String, shape: [Int], values: SafetensorsWriter.Values)]] = [
      [("w", [1], .float32([1])), ("w", [1], .float32([1]))],
      [("__metadata__", [1], .float32([1]))],
      [("w", [Int.max, 2], .float32([1]))],
      [("w", [-1], .float32([]))],
    ]
    for tensors in cases {
      #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write(tensors, to: file) }
    }
    #expect(!FileManager.default.fileExists(atPath: file.path))
  }

  @Test func `says why a file cannot be written`() throws {
    let file = folder.url.appending(path: "missing/model.safetensors")
    #expect(
      throws: SafetensorsError.unwritable(path: file.path, reason: "No such file or directory")
    ) {
      try SafetensorsWriter.write([("w", [1], .float32([1]))], to: file)
    }
  }

  /// IEEE 754 half precision by its definition.
  private func referenceHalf(_ pattern: UInt16) -> Float {
    let sign: Float = pattern & 0x8000 == 0 ? 1 : -1
    let exponent = Int(pattern >> 10 & 0x1f)
    let fraction = Float(pattern & 0x3ff) / 1024
    switch exponent {
    case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      return sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
