/// What one call cannot do without, whoever computes it.
struct Floor: Sendable {
  /// Floating-point operations of matrix products and convolutions; 0 where there is no such count.
  var operations = 0.0
  /// Bytes moved between memory and the processor.
  var bytes = 0.0
}
