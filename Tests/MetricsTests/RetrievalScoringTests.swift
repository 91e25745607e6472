import Foundation
import Metrics
import Testing

struct RetrievalScoringTests {
  private let golden = DistanceMatrix(
    [
      0.05, 0.40, 0.30, 0.20, 0.60, 0.50, 0.70, 0.80,
      0.60, 0.50, 0.08, 0.10, 0.05, 0.70, 0.80, 0.30,
      0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.05, 0.7,
    ], queries: 3, gallery: 8)
  private let goldenQuery = RetrievalLabels(persons: [1, 2, 3], cameras: [0, 1, 0])
  private let goldenGallery = RetrievalLabels(
    persons: [1, 1, 2, 0, 2, 1, 3, 2], cameras: [0, 1, 0, 2, 1, 2, 0, 2])

  @Test func `scores the worked example`() throws {
    let scores = try scoreRetrieval(golden, query: goldenQuery, gallery: goldenGallery)
    #expect(abs(scores.perQuery[0].averagePrecision - 0.4166667) < 1e-6)
    #expect(abs(scores.perQuery[0].inverseNegativePenalty - 0.5) < 1e-6)
    #expect(scores.perQuery[0].matchRanks == [3, 4])
    #expect(abs(scores.perQuery[1].averagePrecision - 0.8333333) < 1e-6)
    #expect(abs(scores.perQuery[1].inverseNegativePenalty - 0.6666667) < 1e-6)
    #expect(scores.perQuery[1].matchRanks == [1, 3])
    #expect(!scores.perQuery[2].isValid)
    #expect(abs(scores.mAP - 0.625) < 1e-9)
    #expect(abs(scores.mINP - 0.5833333) < 1e-6)
    #expect(scores.rank1 == 0.5 && scores.rank5 == 1 && scores.rank(3) == 1)
    #expect(scores.queries == 3 && scores.invalidQueries == 1 && scores.gallery == 8)
    #expect(scores.cameras == 3 && scores.queryPersons == 3 && scores.galleryPersons == 4)
  }

  @Test func `has the trapezoid form too`() throws {
    let scores = try scoreRetrieval(
      golden, query: goldenQuery, gallery: goldenGallery,
      options: RetrievalOptions(averagePrecisionForm: .trapezoid))
    #expect(abs(scores.mAP - 0.5416667) < 1e-6)
    let overAll = scores.perQuery.reduce(0) { $0 + $1.averagePrecision } / 3
    #expect(abs(overAll - 0.3611111) < 1e-6)
  }

  @Test func `lists ranked images with those the protocol removes`() throws {
    let scores = try scoreRetrieval(
      golden, query: goldenQuery, gallery: goldenGallery,
      options: RetrievalOptions(rankedImages: 3))
    let first = scores.perQuery[0].ranking
    #expect(first.map(\.gallery) == [0, 3, 2, 1])
    #expect(first.map(\.isRemoved) == [true, false, false, false])
    #expect(first.map(\.isCorrect) == [true, false, false, true])
    #expect(first.map(\.distance) == [0.05, 0.20, 0.30, 0.40])
  }

  @Test func `removes junk for every query`() throws {
    var gallery = goldenGallery
    gallery.persons[3] = RetrievalLabels.junkPerson
    let scores = try scoreRetrieval(golden, query: goldenQuery, gallery: gallery)
    #expect(scores.perQuery[0].matchRanks == [2, 3])
    #expect(scores.perQuery[1].matchRanks == [1, 2])
    #expect(scores.junk == 1 && scores.gallery == 7)
  }

  @Test func `without cameras removes only the query image itself`() throws {
    let query = RetrievalLabels(persons: [1, 2, 3], imageKeys: ["a", "b", "c"])
    let gallery = RetrievalLabels(
      persons: goldenGallery.persons, imageKeys: ["a", "p", "q", "r", "s", "t", "u", "v"])
    let scores = try scoreRetrieval(
      golden, query: query, gallery: gallery, options: RetrievalOptions(rule: .withoutCameras))
    #expect(scores.perQuery[0].matchRanks == [3, 4])
    #expect(scores.perQuery[1].matchRanks == [1, 2, 4])
    #expect(scores.perQuery[2].matchRanks == [1])
    #expect(scores.invalidQueries == 0 && scores.cameras == 0)
  }

  @Test func `breaks ties by gallery index`() throws {
    let distances = DistanceMatrix([0.5, 0.5, 0.5, 0.2], queries: 1, gallery: 4)
    let scores = try scoreRetrieval(
      distances, query: RetrievalLabels(persons: [1], cameras: [0]),
      gallery: RetrievalLabels(persons: [2, 1, 1, 3], cameras: [1, 1, 1, 1]),
      options: RetrievalOptions(rankedImages: 4))
    #expect(scores.perQuery[0].matchRanks == [3, 4])
    #expect(scores.perQuery[0].ranking.map(\.gallery) == [3, 0, 1, 2])
  }

  @Test(arguments: 1...4) func `agrees with sorting every row`(seed: Int) throws {
    let data = MadeRetrieval(seed: UInt64(seed))
    let scores = try data.scores()
    let distances = try data.distances()
    let count = data.galleryLabels.count
    let cameras = try #require(data.galleryLabels.cameras)
    let queryCameras = try #require(data.queryLabels.cameras)
    for score in scores.perQuery {
      let person = data.queryLabels.persons[score.query]
      let kept = (0..<count).filter {
        let other = data.galleryLabels.persons[$0]
        return other != -1 && !(other == person && cameras[$0] == queryCameras[score.query])
      }.sorted {
        let left = distances[score.query * count + $0]
        let right = distances[score.query * count + $1]
        return (left, $0) < (right, $1)
      }
      let ranks = kept.indices.filter { data.galleryLabels.persons[kept[$0]] == person }
      #expect(score.matchRanks == ranks.map { $0 + 1 })
    }
    #expect(scores.invalidQueries < scores.queries)
  }

  @Test func `does not depend on the order of the gallery`() throws {
    let data = MadeRetrieval(seed: 5)
    var random = TestRandom(seed: 9)
    let order = (0..<data.galleryLabels.count).shuffled(using: &random)
    let plain = try data.scores()
    let shuffled = try data.shuffled(order).scores()
    #expect(shuffled.perQuery.map(\.matchRanks) == plain.perQuery.map(\.matchRanks))
    #expect(shuffled.mAP == plain.mAP && shuffled.cumulativeMatch == plain.cumulativeMatch)
    #expect(shuffled.interval == plain.interval)
  }

  @Test(arguments: [1, 3, 7, 1000]) func `is the same in blocks of any size`(rows: Int) throws {
    let data = MadeRetrieval(seed: 6)
    let streamed = try data.scores(
      RetrievalOptions(rankedImages: 5, blockRows: rows, verification: true))
    let matrix = try scoreRetrieval(
      DistanceMatrix(
        data.distances(), queries: data.queryLabels.count, gallery: data.galleryLabels.count),
      query: data.queryLabels, gallery: data.galleryLabels,
      options: RetrievalOptions(rankedImages: 5, verification: true))
    #expect(streamed.perQuery.map(\.matchRanks) == matrix.perQuery.map(\.matchRanks))
    #expect(
      streamed.perQuery.map { $0.ranking.map(\.gallery) }
        == matrix.perQuery.map { $0.ranking.map(\.gallery) })
    #expect(streamed.mAP == matrix.mAP && streamed.mINP == matrix.mINP)
  }

  @Test func `gives an interval around mAP that repeats with the seed`() throws {
    let data = MadeRetrieval(seed: 7)
    let scores = try data.scores(RetrievalOptions(seed: 3))
    let bounds = try #require(scores.interval)
    #expect(bounds[0] < scores.mAP && scores.mAP < bounds[1])
    #expect(try data.scores(RetrievalOptions(seed: 3)).interval == bounds)
    #expect(try data.scores(RetrievalOptions(seed: 4)).interval != bounds)
    #expect(try data.scores(RetrievalOptions(resamplings: 0)).interval == nil)
  }

  @Test func `centring by camera takes a cast away`() throws {
    let data = MadeRetrieval(seed: 8, persons: 30, perPerson: 20, cast: 3)
    let plain = try data.scores()
    let centred = try data.scores(RetrievalOptions(rule: .cameraCentred))
    #expect(centred.mAP > plain.mAP + 0.1)
    #expect(centred.protocol == .cameraCentred)
  }

  @Test func `encodes the fixed keys and leaves out single queries`() throws {
    let scores = try scoreRetrieval(golden, query: goldenQuery, gallery: goldenGallery)
    let data = try JSONEncoder().encode(scores)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in [
      "mAP", "mINP", "rank1", "rank5", "rank10", "queries", "invalidQueries", "gallery",
      "protocol", "interval",
    ] { #expect(object[key] != nil, "\(key)") }
    #expect(object["perQuery"] == nil)
    #expect(object["protocol"] as? String == "cross-camera")
    let decoded = try JSONDecoder().decode(RetrievalScores.self, from: data)
    #expect(decoded.mAP == scores.mAP && decoded.perQuery.isEmpty)
  }
}
