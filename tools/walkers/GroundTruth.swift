/// What is known about one person in one frame.
struct GroundTruth {
  /// The person's number.
  let identity: Int
  /// Index of the walk in the timetable.
  let walk: Int
  /// The whole body in pixels, also what is hidden or outside the picture.
  let left: Double
  let top: Double
  let width: Double
  let height: Double
  /// Share of the body that the picture shows, 0…1.
  let visibility: Double

  /// The box with each border moved by a share of its size, as a detector errs; clipped.
  func jittered(
    _ share: Float, pictureWidth: Int, pictureHeight: Int, random: inout CounterGenerator
  ) -> (left: Double, top: Double, width: Double, height: Double) {
    func error(_ size: Double) -> Double {
      Double(random.normal(0, share / 2).clamped(-share, share)) * size
    }
    let left = max(0, left + error(width))
    let top = max(0, top + error(height))
    let right = min(Double(pictureWidth), self.left + width + error(width))
    let bottom = min(Double(pictureHeight), self.top + height + error(height))
    return (left, top, max(1, right - left), max(1, bottom - top))
  }
}
