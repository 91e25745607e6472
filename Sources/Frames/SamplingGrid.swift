/// Chooses frames at an even rate by their time stamps.
///
/// The grid starts at the first frame and has a point every `1 / rate` seconds. A frame is wanted
/// if it is the first at or after the next point; after a gap the points that passed are dropped,
/// so a gap is never followed by a burst.
struct SamplingGrid {
  private let rate: Double
  private let timeBase: TimeBase
  /// Time stamps are rounded to whole units: a frame may lie that much before its point.
  private let tolerance: Double
  private var start: Int64?
  private var last: Int64 = 0
  private var nextPoint = 0.0

  /// A backwards jump of more seconds starts the grid anew: the recording's clock was set back.
  private static let longestStepBack = 1.0

  init(rate: Double, timeBase: TimeBase) {
    precondition(rate > 0 && rate.isFinite, "SamplingGrid: rate \(rate) must be positive")
    self.rate = rate
    self.timeBase = timeBase
    // Half a unit, but no more than half a millisecond: coarse units are exact times.
    tolerance = min(timeBase.seconds / 2, 0.0005) + 1e-9
  }

  /// Whether the frame with this time stamp is to be taken.
  func wants(_ timestamp: Int64) -> Bool {
    guard let start else { return true }
    if timeBase.seconds(of: last &- timestamp) > Self.longestStepBack { return true }
    return timeBase.seconds(of: timestamp &- start) + tolerance >= nextPoint / rate
  }

  /// Notes that the frame was taken and moves on to the first point after it.
  mutating func take(_ timestamp: Int64) {
    if start == nil || timeBase.seconds(of: last &- timestamp) > Self.longestStepBack {
      start = timestamp
    }
    last = timestamp
    let elapsed = timeBase.seconds(of: timestamp &- (start ?? timestamp))
    nextPoint = ((elapsed + tolerance) * rate).rounded(.down) + 1
  }
}
