public import Images

/// A measure of how good single pictures are, without anything to compare them with.
public protocol QualityMetric {
  /// Name that adapters' files store, because a threshold means nothing for another measure.
  var name: String { get }

  /// The quality of each picture, 0 worst … 1 best.
  ///
  /// It is measured on the picture as the network sees it: after the change of its size, before the
  /// change of its values.
  func quality(of pictures: [Image]) -> [Float]
}
