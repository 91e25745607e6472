/// The element types of safetensors files.
///
/// Declared in the order the writer sorts by, which is the reference implementation's.
public enum SafetensorsType: String, Sendable, Hashable, CaseIterable, Comparable {
  case boolean = "BOOL"
  case float4 = "F4"
  case float6E2M3 = "F6_E2M3"
  case float6E3M2 = "F6_E3M2"
  case unsigned8 = "U8"
  case integer8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case float8E8M0 = "F8_E8M0"
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  case integer16 = "I16"
  case unsigned16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case integer32 = "I32"
  case unsigned32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case integer64 = "I64"
  case unsigned64 = "U64"

  /// Bits of one element.
  public var bitWidth: Int {
    switch self {
    case .float4: 4
    case .float6E2M3, .float6E3M2: 6
    case .boolean, .unsigned8, .integer8, .float8E5M2, .float8E4M3, .float8E8M0,
      .float8E4M3FNUZ, .float8E5M2FNUZ:
      8
    case .integer16, .unsigned16, .float16, .bfloat16: 16
    case .integer32, .unsigned32, .float32: 32
    case .complex64, .float64, .integer64, .unsigned64: 64
    }
  }

  /// The place in the writer's order, from 0.
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// Whether `first` comes before `second` in the reference implementation's order.
  public static func < (first: SafetensorsType, second: SafetensorsType) -> Bool {
    first.rank < second.rank
  }

  /// The bytes of a tensor, or nil when they overflow or do not fill whole bytes.
  ///
  /// Multiplies in order without a shortcut for empty tensors, as the reference implementation does.
  func byteCount(shape: [Int]) -> Int? {
    var bits = 1
    for size in shape {
      let (product, overflow) = bits.multipliedReportingOverflow(by: size)
      guard !overflow, size >= 0 else { return nil }
      bits = product
    }
    let (total, overflow) = bits.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, total % 8 == 0 else { return nil }
    return total / 8
  }
}
