/// Which classical methods a restoration model has to beat.
enum RestorationYardsticks {
  /// Pixels of all pictures up to which non-local means, at some microseconds a pixel, is worth its time.
  static let mostPixels = 6_000_000

  /// Names of the methods that suit a degradation; for a reduced resolution the spoiled picture itself is
  /// the bicubic enlargement.
  static func names(for degradation: String, pixels: Int) -> [String] {
    let means = pixels <= mostPixels ? ["nlm"] : []
    if degradation.hasPrefix("sr") { return [] }
    if degradation.hasPrefix("blur") { return ["unsharp"] }
    return ["median"] + means
  }
}
