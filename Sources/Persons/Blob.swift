/// A connected group of set pixels.
struct Blob: Equatable {
  /// The bounding box in pixels; right and bottom are the first column and row outside.
  var left: Int
  var top: Int
  var right: Int
  var bottom: Int
  /// Number of set pixels.
  var area: Int

  var width: Int { right - left }
  var height: Int { bottom - top }
}
