extension Float {
  /// The nearest value in a range.
  func clamped(_ low: Float, _ high: Float) -> Float {
    Swift.min(Swift.max(self, low), high)
  }
}
