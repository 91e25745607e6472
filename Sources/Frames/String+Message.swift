extension String {
  /// Reads a message that C wrote up to its zero byte; file names in it may be any bytes.
  init(message: [CChar]) {
    self.init(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
