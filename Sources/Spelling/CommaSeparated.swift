/// Comma-separated values (RFC 4180): quoting, and splitting a whole text into rows.
public enum CommaSeparated {
  /// A field, in quotes if a comma, a quote, a line end or an outer space would be misread.
  public static func quoted(_ field: String) -> String {
    let special: Set<UInt8> = [10, 13, 34, 44]
    let needsQuotes =
      field.utf8.contains(where: special.contains) || field.utf8.first == 32
      || field.utf8.last == 32
    guard needsQuotes else { return field }
    var bytes: [UInt8] = [34]
    for byte in field.utf8 {
      if byte == 34 { bytes.append(34) }
      bytes.append(byte)
    }
    bytes.append(34)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The shortest decimal that reads back as the same number, without ".0" on whole numbers.
  public static func text(_ number: Double) -> String {
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A row of a text: the line it starts at, counted from 1, and its fields without their quotes.
  public struct Row: Sendable, Hashable {
    /// The line it starts at, from 1.
    public var line: Int
    /// What stands between the separators.
    public var fields: [String]

    /// Makes a row.
    public init(line: Int, fields: [String]) {
      self.line = line
      self.fields = fields
    }
  }

  /// All rows of a text that hold anything; accepts LF and CRLF, and a byte-order mark.
  public static func rows(_ bytes: [UInt8], separator: UInt8 = 44) -> [Row] {
    var rows: [Row] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var inQuotes = false
    var wasQuoted = false
    var line = 1
    var rowLine = 1
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0

    func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      wasQuoted = false
    }
    func endRow() {
      endField()
      if fields.contains(where: { !$0.isEmpty }) { rows.append(Row(line: rowLine, fields: fields)) }
      fields.removeAll()
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == 10 { line += 1 }
      if inQuotes {
        if byte != 34 {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == 34 {
          field.append(34)
          index += 1
        } else {
          inQuotes = false
        }
      } else if byte == 34, field.isEmpty, !wasQuoted {
        inQuotes = true
        wasQuoted = true
      } else if byte == separator {
        endField()
      } else if byte == 10 {
        endRow()
        rowLine = line
      } else if byte != 13 || index < bytes.count && bytes[index] != 10 {
        field.append(byte)
      }
    }
    if !field.isEmpty || !fields.isEmpty || wasQuoted { endRow() }
    return rows
  }
}
