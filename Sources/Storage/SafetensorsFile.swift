public import Foundation

#if _endian(big)
  #error("safetensors files are read without byte swaps, for little-endian machines")
#endif

/// A safetensors file opened for reading: checked when opened, read tensor by tensor.
///
/// Opening reads only the header, so that one tensor of a large file costs only its own bytes. The
/// file stays open; replacing it by another (which is how writers here work) does not disturb
/// readers.
///
/// ```swift
/// let file = try SafetensorsFile(contentsOf: url)
/// let bias = try file.floats("norm.bias")
/// ```
public struct SafetensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The type its elements are stored in.
    public let type: SafetensorsType
    /// Its sizes, outermost first; empty for a single element.
    public let shape: [Int]
    /// The first byte after the header.
    let begin: Int
    /// The byte after the last.
    let end: Int

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// The number of bytes.
    public var byteCount: Int { end - begin }
  }

  /// The file that was opened.
  public let url: URL
  /// The free texts of the header.
  public let metadata: [String: String]
  /// The tensors in the order of their bytes.
  public let tensors: [Entry]

  private let places: [String: Int]
  private let reader: SafetensorsReader
  private let dataStart: Int

  /// Opens a file and checks every rule of the format.
  ///
  /// - Throws: `SafetensorsError` that names the file and the broken rule.
  public init(contentsOf url: URL) throws(SafetensorsError) {
    let path = url.path
    let reader = try SafetensorsReader(path: path)
    guard reader.size >= 8 else { throw .truncated(path: path, size: reader.size, needed: 8) }
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { (buffer) throws(SafetensorsError) in
      try reader.read(into: buffer, at: 0)
    }
    length = UInt64(littleEndian: length)
    guard length <= UInt64(SafetensorsHeader.limit) else {
      throw .headerTooLarge(path: path, size: length)
    }
    let headerSize = Int(length)
    // Checked before allocating, so that a false length costs no memory.
    guard headerSize <= reader.size - 8 else {
      throw .truncated(path: path, size: reader.size, needed: headerSize + 8)
    }
    var bytes = [UInt8](repeating: 0, count: headerSize)
    try bytes.withUnsafeMutableBufferPointer { (buffer) throws(SafetensorsError) in
      try reader.read(into: UnsafeMutableRawBufferPointer(buffer), at: 8)
    }
    let header = try SafetensorsHeader(
      bytes: bytes, dataSize: reader.size - 8 - headerSize, path: path)
    self.url = url
    self.reader = reader
    metadata = header.metadata
    tensors = header.tensors
    places = Dictionary(
      uniqueKeysWithValues: header.tensors.enumerated().map { ($1.name, $0) })
    dataStart = 8 + headerSize
  }

  /// The tensor of a name, or nil.
  public subscript(name: String) -> Entry? { places[name].map { tensors[$0] } }

  /// The elements of a floating-point tensor, row-major, converted to Float32.
  ///
  /// Reads F32, F16, BF16 and F64.
  public func floats(_ name: String) throws(SafetensorsError) -> [Float] {
    let entry = try entry(name)
    var values = [Float](repeating: 0, count: entry.count)
    try values.withUnsafeMutableBufferPointer { (buffer) throws(SafetensorsError) in
      try readFloats(name, into: buffer)
    }
    return values
  }

  /// Reads a floating-point tensor into memory of exactly its number of elements.
  ///
  /// - Precondition: `destination.count` is the tensor's number of elements.
  public func readFloats(
    _ name: String, into destination: UnsafeMutableBufferPointer<Float>
  ) throws(SafetensorsError) {
    let entry = try entry(name)
    precondition(
      destination.count == entry.count,
      "readFloats: \(destination.count) elements of memory for \"\(name)\" of \(entry.shape)")
    switch entry.type {
    case .float32:
      try reader.read(into: UnsafeMutableRawBufferPointer(destination), at: dataStart + entry.begin)
    case .float16:
      try convert(entry, UInt16.self) { destination[$0] = Float(Float16(bitPattern: $1)) }
    case .bfloat16:
      try convert(entry, UInt16.self) { destination[$0] = Float(bitPattern: UInt32($1) << 16) }
    case .float64:
      try convert(entry, UInt64.self) { destination[$0] = Float(Double(bitPattern: $1)) }
    default: throw wrongType(entry, wanted: "numbers with a fraction")
    }
  }

  /// The elements of an integer or boolean tensor, row-major.
  ///
  /// Reads BOOL, U8, I8, I16, U16, I32, U32 and I64; U64 where every value fits.
  public func integers(_ name: String) throws(SafetensorsError) -> [Int64] {
    let entry = try entry(name)
    var values = [Int64](repeating: 0, count: entry.count)
    switch entry.type {
    case .boolean, .unsigned8: try convert(entry, UInt8.self) { values[$0] = Int64($1) }
    case .integer8: try convert(entry, Int8.self) { values[$0] = Int64($1) }
    case .integer16: try convert(entry, Int16.self) { values[$0] = Int64($1) }
    case .unsigned16: try convert(entry, UInt16.self) { values[$0] = Int64($1) }
    case .integer32: try convert(entry, Int32.self) { values[$0] = Int64($1) }
    case .unsigned32: try convert(entry, UInt32.self) { values[$0] = Int64($1) }
    case .integer64: try convert(entry, Int64.self) { values[$0] = $1 }
    case .unsigned64:
      var fits = true
      try convert(entry, UInt64.self) {
        fits = fits && $1 <= UInt64(Int64.max)
        values[$0] = Int64(truncatingIfNeeded: $1)
      }
      guard fits else { throw wrongType(entry, wanted: "64-bit integers with a sign") }
    default: throw wrongType(entry, wanted: "integers")
    }
    return values
  }

  /// Calls `body` with the bytes of a tensor as stored.
  ///
  /// The bytes are a copy, aligned for every element type.
  public func withBytes<Result>(
    _ name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let entry = try entry(name)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: entry.byteCount, alignment: 16)
    defer { memory.deallocate() }
    try reader.read(into: memory, at: dataStart + entry.begin)
    return try body(UnsafeRawBufferPointer(memory))
  }

  private func entry(_ name: String) throws(SafetensorsError) -> Entry {
    guard let entry = self[name] else { throw .noTensor(path: url.path, name: name) }
    return entry
  }

  private func wrongType(_ entry: Entry, wanted: String) -> SafetensorsError {
    .wrongType(path: url.path, name: entry.name, type: entry.type.rawValue, wanted: wanted)
  }

  /// Hands every element to `body` with its index, reading a bounded piece at a time.
  private func convert<Element: BitwiseCopyable>(
    _ entry: Entry, _ type: Element.Type, _ body: (Int, Element) -> Void
  ) throws(SafetensorsError) {
    let stride = MemoryLayout<Element>.stride
    let piece = min(entry.count, (1 << 20) / stride)
    guard piece > 0 else { return }
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: piece)
    defer { memory.deallocate() }
    var first = 0
    while first < entry.count {
      let count = min(piece, entry.count - first)
      try reader.read(
        into: UnsafeMutableRawBufferPointer(memory.extracting(0..<count)),
        at: dataStart + entry.begin + first * stride)
      for index in 0..<count { body(first + index, memory[index]) }
      first += count
    }
  }
}
