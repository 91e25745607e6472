import Batches
import Images
import Tensors
import Testing

struct SeverityTests {
  @Test func `pictures differ the more, the higher the severity`() {
    func difference(_ severity: Float) -> Double {
      var sum = 0.0
      for seed in 0..<16 {
        var random = RandomStream(seed: 80).split(seed)
        let clean = Patches.picture(seed: seed, width: 18, height: 18)
        let spoiled = Degradation.spoiled(clean, severity: severity, random: &random)
        sum += zip(spoiled.pixels, clean.pixels).reduce(0) {
          let difference = Double($1.0) - Double($1.1)
          return $0 + difference * difference
        }
      }
      return sum
    }
    let found = [0, 0.05, 0.2, 0.5, 1].map { difference($0) }
    #expect(found[0] == 0)
    #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 }, "\(found)")
  }

  @Test func `one to three kinds share the severity`() {
    var (counts, random) = (Set<Int>(), RandomStream(seed: 81))
    for _ in 0..<100 {
      let steps = Degradation.steps(severity: 1, random: &random)
      counts.insert(steps.count)
      for case .jpeg(let quality) in steps { #expect(quality == [10, 35, 46][steps.count - 1]) }
    }
    #expect(counts == [1, 2, 3])
  }
}
