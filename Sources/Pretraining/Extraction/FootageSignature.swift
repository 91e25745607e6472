import Foundation

/// A short mark of what files hold, by which a changed video is told from the one in a store.
///
/// Names and dates are left out, so a moved or copied video keeps its mark. Of a file, the size and
/// the first and last 64 KiB count; of a folder, the names of its entries.
struct FootageSignature {
  /// The mark as hexadecimal digits.
  let text: String

  private static let sampleBytes = 65_536

  init(paths: [String]) {
    var hash = FowlerNollVo()
    for path in paths { Self.add(path, to: &hash) }
    text = String(hash.value, radix: 16)
  }

  private static func add(_ path: String, to hash: inout FowlerNollVo) {
    if let names = try? FileManager.default.contentsOfDirectory(atPath: path) {
      for name in names.sorted() { hash.add(Array(name.utf8) + [0]) }
      return
    }
    // A file that cannot be opened is skipped with a reason later; here it counts as empty.
    guard let file = FileHandle(forReadingAtPath: path) else { return }
    defer { try? file.close() }
    guard let size = try? file.seekToEnd() else { return }
    hash.add(Array("\(size)".utf8))
    let lastStart = size > UInt64(sampleBytes) ? size - UInt64(sampleBytes) : 0
    for start in [0, lastStart] {
      try? file.seek(toOffset: start)
      if let data = try? file.read(upToCount: sampleBytes) { hash.add([UInt8](data)) }
    }
  }
}

/// The 64-bit hash FNV-1a of Fowler, Noll, and Vo: enough to notice a change, not to resist a forger.
private struct FowlerNollVo {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: [UInt8]) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }
}
