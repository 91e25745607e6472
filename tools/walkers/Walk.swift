import Foundation

/// One passage of a person through the picture, on a curved path from border to border.
struct Walk {
  /// Index of the person in the list of people.
  let person: Int
  /// Start in seconds of the video; may be negative.
  let start: Float
  /// Metres a second.
  let speed: Float
  /// Gait phase at the start, in radians.
  let phase: Float
  private let points: (Vector, Vector, Vector)
  /// Path length up to evenly spaced parameters 0…1.
  private let lengths: [Float]

  private static let steps = 48

  /// Seconds from border to border.
  var duration: Float { lengths[Self.steps] / speed }

  /// Lays a path out for a camera.
  init(
    person: Int, start: Float, speed: Float, viewpoint: Viewpoint, random: inout CounterGenerator
  ) {
    self.person = person
    self.start = start
    self.speed = speed
    phase = random.uniform(0, 2 * .pi)
    let near = max(4.2, viewpoint.nearestGround + 0.4)
    let far = viewpoint.wallDistance - 2
    let middle = min(10.5, far - 1)
    func border(_ distance: Float, _ side: Float) -> Vector {
      Vector(side * (viewpoint.halfWidth(at: distance) + 0.7), 0, distance)
    }
    let side: Float = random.chance(0.5) ? 1 : -1
    let below = Vector(
      random.uniform(-0.7, 0.7) * viewpoint.halfWidth(at: near), 0, viewpoint.nearestGround - 1.2)
    switch random.choice([(0, 0.5), (1, 0.19), (2, 0.19), (3, 0.12)]) {
    case 0:
      let first = border(random.uniform(near + 0.6, middle), side)
      let last = border(random.uniform(near + 0.6, middle), -side)
      let bow = Vector(0, 0, random.uniform(-1, 1))
      points = (first, first.mixed(with: last, 0.5) + bow, last)
    case 1, 2:
      let distance = random.uniform(middle * 0.85, far)
      let entry = border(distance, side)
      let bend = Vector(below.x + random.uniform(-0.8, 0.8), 0, distance + random.uniform(-1, 1))
      points = random.chance(0.5) ? (entry, bend, below) : (below, bend, entry)
    default:
      let first = border(random.uniform(middle * 0.7, middle), side)
      let last = border(random.uniform(middle * 0.7, middle), random.chance(0.7) ? -side : side)
      points = (
        first, Vector(random.uniform(-1, 1), 0, near - random.uniform(0, 2.5)),
        abs(first.z - last.z) < 1 ? last + Vector(0, 0, 1.2) : last
      )
    }
    var lengths: [Float] = [0]
    var last = points.0
    for step in 1...Self.steps {
      let point = Self.point(points, Float(step) / Float(Self.steps))
      lengths.append(lengths[step - 1] + (point - last).length)
      last = point
    }
    self.lengths = lengths
  }

  /// Place, heading and gait phase at a time of the video; nil outside the walk.
  ///
  /// - Parameters:
  ///   - time: seconds of the video.
  ///   - strideMetres: way of a full gait cycle.
  func state(
    at time: Float, strideMetres: Float
  ) -> (position: Vector, heading: Float, phase: Float)? {
    let way = (time - start) * speed
    guard way >= 0, way < lengths[Self.steps] else { return nil }
    let after = lengths.firstIndex { $0 > way } ?? Self.steps
    let share = (way - lengths[after - 1]) / max(1e-6, lengths[after] - lengths[after - 1])
    let parameter = (Float(after - 1) + share) / Float(Self.steps)
    let position = Self.point(points, parameter)
    let direction =
      (points.1 - points.0) * (2 * (1 - parameter)) + (points.2 - points.1) * (2 * parameter)
    return (
      position, atan2(direction.x, direction.z), phase + 2 * .pi * way / max(0.3, strideMetres)
    )
  }

  private static func point(_ points: (Vector, Vector, Vector), _ t: Float) -> Vector {
    points.0 * ((1 - t) * (1 - t)) + points.1 * (2 * t * (1 - t)) + points.2 * (t * t)
  }
}
