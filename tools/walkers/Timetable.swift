import Foundation

/// Who walks when in front of one camera.
struct Timetable {
  /// All walks, in the order of their start.
  private(set) var walks: [Walk] = []

  /// Most people in the picture at once.
  static let mostAtOnce = 6

  /// Fills a video with walks: every attending person once, then again from the start of the list.
  ///
  /// The order of the people is drawn anew for each camera, so time says nothing about identity.
  init(
    people: [Identity], viewpoint: Viewpoint, seconds: Float, attendance: Float, seed: UInt64
  ) {
    var random = CounterGenerator(seed: seed, .timetable, viewpoint.number)
    let attending = people.indices.filter { index in
      var random = CounterGenerator(
        seed: seed, .attendance, viewpoint.number, people[index].number)
      return random.chance(attendance)
    }
    guard !attending.isEmpty else { return }
    var queue: [Int] = []
    var crowd = 4.0 as Float
    // Before the first frame there is a run-up, so that the picture does not start empty.
    var time: Float = -9
    while time < seconds - 2 {
      let active = walks.filter { $0.start <= time && $0.start + $0.duration > time }
      crowd = (crowd + random.normal(0, 0.25)).clamped(3.6, 6.4)
      if active.count < min(Int(crowd.rounded()), Self.mostAtOnce) {
        if queue.isEmpty { queue = attending.shuffled(using: &random) }
        // Nobody is in two places at once.
        if let place = queue.lastIndex(where: { candidate in
          !active.contains { $0.person == candidate }
        }) {
          let person = queue.remove(at: place)
          walks.append(
            Self.freest(
              of: people[person], person, at: time, beside: active, viewpoint: viewpoint,
              seed: seed, number: walks.count))
        }
      }
      time += 0.35
    }
  }

  /// Of some random paths the one that keeps the largest distance from the others.
  private static func freest(
    of identity: Identity, _ person: Int, at time: Float, beside others: [Walk],
    viewpoint: Viewpoint, seed: UInt64, number: Int
  ) -> Walk {
    var random = CounterGenerator(seed: seed, .walk, viewpoint.number, number)
    let speed = (identity.gait.speed * random.uniform(0.93, 1.1)).clamped(1, 2)
    func candidate() -> Walk {
      Walk(
        person: person, start: time, speed: speed, viewpoint: viewpoint, random: &random)
    }
    var best = candidate()
    var bestClearance = clearance(best, others)
    for _ in 0..<5 where bestClearance < 0.8 {
      let other = candidate()
      let otherClearance = clearance(other, others)
      if otherClearance > bestClearance { (best, bestClearance) = (other, otherClearance) }
    }
    return best
  }

  /// Smallest distance between two walkers over their common time, in metres.
  private static func clearance(_ walk: Walk, _ others: [Walk]) -> Float {
    var smallest = Float.infinity
    for step in 0..<40 {
      let time = walk.start + Float(step) * 0.3
      guard let own = walk.state(at: time, strideMetres: 1) else { break }
      for other in others {
        guard let place = other.state(at: time, strideMetres: 1) else { continue }
        smallest = min(smallest, (place.position - own.position).length)
      }
    }
    return smallest
  }
}
