import Testing

@testable import Datasets

struct SamplerTests {
  @Test func `an epoch shows every sample once`() {
    let sampler = EpochSampler(count: 23, batchSize: 5, seed: 9)
    let batches = sampler.batches(epoch: 0)
    #expect(batches.map(\.count) == [5, 5, 5, 5, 3])
    #expect(batches.flatMap(\.self).sorted() == Array(0..<23))
    #expect(sampler.batches(epoch: 0) == batches)
    #expect(sampler.batches(epoch: 1) != batches)
    #expect(EpochSampler(count: 23, batchSize: 5, seed: 10).batches(epoch: 0) != batches)
    let dropping = EpochSampler(count: 23, batchSize: 5, dropsLast: true, seed: 9)
    #expect(dropping.batches(epoch: 0) == Array(batches.dropLast()))
    #expect(EpochSampler(count: 0, batchSize: 5, seed: 9).batches(epoch: 0).isEmpty)
  }

  @Test func `orders are uniform`() {
    var firsts = [Int](repeating: 0, count: 4)
    var orders: [[Int]: Int] = [:]
    for epoch in 0..<2400 {
      let order = EpochSampler(count: 4, batchSize: 4, seed: 1).order(epoch: epoch)
      firsts[order[0]] += 1
      orders[order, default: 0] += 1
    }
    // 100 expected per order; five standard deviations are about 49.
    #expect(orders.count == 24)
    #expect(orders.values.allSatisfy { (51...149).contains($0) })
    #expect(firsts.allSatisfy { (494...706).contains($0) })
  }

  private let persons = [7, 7, 7, 7, 7, 3, 3, 9, 9, 9, 9, 4, 4, 4, 4, 5]

  @Test func `batches hold P persons with K pictures`() throws {
    let sampler = try PersonSampler(
      persons: persons, personsPerBatch: 3, imagesPerPerson: 2, seed: 3)
    #expect(sampler.note == nil)
    for epoch in 0..<20 {
      let batches = sampler.batches(epoch: epoch)
      // Groups: 2 + 1 + 2 + 2 + 1 = 8, of which at most two batches of three persons come.
      #expect(batches.count == 2)
      for batch in batches {
        #expect(batch.count == 6)
        let counts = Dictionary(grouping: batch) { persons[$0] }.mapValues(\.count)
        #expect(counts.count == 3 && counts.values.allSatisfy { $0 == 2 })
        for start in stride(from: 0, to: 6, by: 2) {
          #expect(persons[batch[start]] == persons[batch[start + 1]])
        }
      }
      let used = batches.flatMap(\.self).filter { persons[$0] != 5 }
      #expect(Set(used).count == used.count)
      #expect(sampler.batches(epoch: epoch) == batches)
    }
    #expect(sampler.batches(epoch: 0) != sampler.batches(epoch: 1))
  }

  @Test func `few pictures are drawn again`() throws {
    let sampler = try PersonSampler(
      persons: [1, 1, 1, 2], personsPerBatch: 2, imagesPerPerson: 4, seed: 0)
    let batch = try #require(sampler.batches(epoch: 0).first)
    #expect(Set(batch) == [0, 1, 2, 3])
    #expect(batch.count { $0 == 3 } == 4)
  }

  @Test func `too few persons lower P and say so`() throws {
    let sampler = try PersonSampler(
      persons: persons, personsPerBatch: 16, imagesPerPerson: 2, seed: 0)
    #expect(sampler.personsPerBatch == 5)
    #expect(sampler.note == "batches hold 5 persons instead of 16: there are no more")
    #expect(sampler.batches(epoch: 0).count == 1)
  }

  @Test func `useless sizes are refused`() {
    #expect(
      message {
        _ = try PersonSampler(persons: persons, personsPerBatch: 4, imagesPerPerson: 1, seed: 0)
      }.contains("no positive pair"))
    #expect(
      message {
        _ = try PersonSampler(persons: [1, 1], personsPerBatch: 4, imagesPerPerson: 2, seed: 0)
      }.contains("no negative pair"))
  }

  @Test func `positives come from other cameras where they can`() throws {
    let persons = [Int](repeating: 1, count: 8) + [Int](repeating: 2, count: 8)
    let cameras: [Int?] = persons.indices.map { $0 % 8 < 4 ? 1 : 2 }
    let sampler = try PersonSampler(
      persons: persons, cameras: cameras, personsPerBatch: 2, imagesPerPerson: 2,
      mixesCameras: true, seed: 0)
    for batch in (0..<10).flatMap({ sampler.batches(epoch: $0) }) {
      for start in [0, 2] { #expect(cameras[batch[start]] != cameras[batch[start + 1]]) }
    }
  }
}
