import Foundation
import Images
import Testing

@testable import walkers

@Suite struct WalkersTests {
  /// A small, quick cast.
  private func cast(seed: UInt64) -> Cast {
    var cast = Cast()
    cast.seed = seed
    cast.people = 12
    cast.seconds = 20
    cast.width = 160
    cast.height = 120
    return cast
  }

  private func stage(seed: UInt64, camera: Int = 1) throws -> Stage {
    let cast = cast(seed: seed)
    return try cast.stage(
      camera: camera, people: cast.identities(), noise: Noise(seed: seed))
  }

  @Test func `the generator gives the published Philox numbers`() {
    var random = CounterGenerator(key: (0, 0))
    #expect(random.next() == 0x6627_e8d5_e169_c58d)
    #expect(random.next() == 0xbc57_ac4c_9b00_dbd8)
  }

  @Test func `the same seed gives the same picture and another seed another one`() throws {
    let first = try stage(seed: 3).picture(at: 6, frameNumber: 60).image
    let again = try stage(seed: 3).picture(at: 6, frameNumber: 60).image
    let other = try stage(seed: 4).picture(at: 6, frameNumber: 60).image
    #expect(first == again)
    #expect(first != other)
  }

  @Test func `a picture does not depend on the pictures before it`() throws {
    let stage = try stage(seed: 3)
    for index in 0..<5 {
      _ = stage.picture(at: Float(index), frameNumber: index * 10)
    }
    let later = stage.picture(at: 6, frameNumber: 60)
    let alone = try self.stage(seed: 3).picture(at: 6, frameNumber: 60)
    #expect(later.image == alone.image)
    #expect(later.truth.map(\.visibility) == alone.truth.map(\.visibility))
  }

  @Test func `boxes lie where the picture differs from the empty scene`() throws {
    let stage = try stage(seed: 5)
    let empty = stage.picture(at: -100, frameNumber: 0)
    #expect(empty.truth.isEmpty)
    var checked = 0
    for second in 3..<10 {
      let (image, truth) = stage.picture(at: Float(second), frameNumber: 0)
      for person in truth where person.visibility > 0.9 {
        let columns = Int(person.left)..<Int(person.left + person.width)
        let rows = Int(person.top)..<Int(person.top + person.height)
        var changed = 0
        for y in rows.clamped(to: 0..<image.height) {
          for x in columns.clamped(to: 0..<image.width) {
            let index = (y * image.width + x) * 3
            let difference = (0..<3).map { channel in
              abs(Int(image.pixels[index + channel]) - Int(empty.image.pixels[index + channel]))
            }
            if (difference.max() ?? 0) > 18 { changed += 1 }
          }
        }
        #expect(Double(changed) > 0.2 * Double(rows.count * columns.count))
        #expect(person.height > 1.1 * person.width)
        checked += 1
      }
    }
    #expect(checked >= 5)
  }

  @Test func `cameras take their frame rates in turn, and no list changes nothing`() throws {
    var cast = cast(seed: 3)
    #expect((1...4).map { cast.filmed(by: $0).framesPerSecond } == [10, 10, 10, 10])
    // The description of a set without the option is what it was before there was one.
    let plain = String(decoding: try Console.encoder.encode(cast), as: UTF8.self)
    #expect(!plain.contains("cameraFrameRates"))
    cast.cameraFrameRates = FrameRates(argument: "10,25,5")?.values
    #expect((1...4).map { cast.filmed(by: $0).framesPerSecond } == [10, 25, 5, 10])
    #expect((1...3).map { cast.filmed(by: $0).frameCount } == [200, 500, 100])
    for wrong in ["", "10,", "0", "10,x", "500"] { #expect(FrameRates(argument: wrong) == nil) }
  }

  @Test func `feet stay on the ground and the head at body height`() {
    for identity in Identity.people(numbers: 1...20, seed: 9, twinShare: 0) {
      for step in 0..<12 {
        let pose = Pose(identity, phase: Float(step) * .pi / 6)
        let lowest = min(pose.ankles[0].y, pose.ankles[1].y)
        #expect(lowest > 0 && lowest < 0.3)
        let top = pose.head.y + 0.118 * pose.scale
        #expect(abs(top - identity.body.height) < 0.16 * identity.body.height)
      }
    }
  }

  @Test func `walks begin and end outside the picture`() throws {
    let stage = try stage(seed: 8)
    let viewpoint = stage.viewpoint
    #expect(!stage.timetable.walks.isEmpty)
    for walk in stage.timetable.walks {
      for time in [walk.start, walk.start + walk.duration - 1e-3] {
        let place = try #require(walk.state(at: time, strideMetres: 1)).position
        let isBeside = abs(place.x) > viewpoint.halfWidth(at: place.z)
        #expect(isBeside || place.z < viewpoint.nearestGround)
      }
    }
  }

  @Test func `nobody is twice in a picture and the crowd stays small`() throws {
    let timetable = try stage(seed: 8, camera: 2).timetable
    for step in 0..<100 {
      let time = Float(step) * 0.2
      let active = timetable.walks.filter { $0.start <= time && time < $0.start + $0.duration }
      #expect(active.count <= Timetable.mostAtOnce)
      #expect(Set(active.map(\.person)).count == active.count)
    }
  }

  @Test func `people are the same for every number of people and twins share colours`() {
    let few = Identity.people(numbers: 1...5, seed: 2, twinShare: 0)
    let many = Identity.people(numbers: 1...30, seed: 2, twinShare: 0)
    #expect(few.map(\.upper.base) == many.prefix(5).map(\.upper.base))
    let twins = Identity.people(numbers: 1...30, seed: 2, twinShare: 1)
    for (index, twin) in twins.enumerated().dropFirst() {
      let nearest = twins.prefix(index).map { other in
        (other.upper.base - twin.upper.base).length + (other.lower.base - twin.lower.base).length
      }.min()
      #expect((nearest ?? 1) < 0.25)
    }
  }
}
