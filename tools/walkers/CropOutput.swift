import Foundation

/// Where labelled crops go and how many are cut.
struct CropOutput {
  /// The folder that gets `query` and `bounding_box_test`, or `bounding_box_train`.
  let folder: URL
  /// Cuts crops for supervised training instead of a query and gallery.
  var isTraining = false
  /// Most gallery or training crops of one walk.
  var perWalk = 10
  /// Box heights in pixels that are kept.
  var heights: ClosedRange<Double> = 60...200
  /// Smallest visible share of the body.
  var leastVisible = 0.55
  /// Error of the boxes as a share of their size.
  var boxNoise: Float = 0.05
  /// The most people with crops; nil keeps all.
  var people: Int?
}
