import Metrics

/// Made-up features of persons seen by cameras, a function of the seed.
struct MadeRetrieval {
  var query: [Float] = []
  var gallery: [Float] = []
  var queryLabels: RetrievalLabels
  var galleryLabels: RetrievalLabels
  let width = 12

  /// Makes `perPerson` images of each person, every fifth a query, on `cameras` cameras whose cast
  /// moves all their features; some gallery images are junk or distractors.
  init(seed: UInt64, persons: Int = 12, perPerson: Int = 10, cameras: Int = 3, cast: Float = 0.5) {
    var random = TestRandom(seed: seed)
    func vector(_ scale: Float) -> [Float] { (0..<12).map { _ in scale * random.signed() } }
    let casts = (0..<cameras).map { _ in vector(cast) }
    var queryPersons: [Int] = []
    var queryCameras: [Int] = []
    var galleryPersons: [Int] = []
    var galleryCameras: [Int] = []
    for person in 1...persons {
      let centre = vector(1)
      for image in 0..<perPerson {
        let camera = Int(random.next() % UInt64(cameras))
        let noise = vector(0.9)
        let feature = (0..<12).map { centre[$0] + casts[camera][$0] + noise[$0] }
        if image % 5 == 0 {
          query += feature
          queryPersons.append(person)
          queryCameras.append(camera)
        } else {
          gallery += feature
          galleryPersons.append(image == 7 ? person % 2 - 1 : person)
          galleryCameras.append(camera)
        }
      }
    }
    queryLabels = RetrievalLabels(persons: queryPersons, cameras: queryCameras)
    galleryLabels = RetrievalLabels(persons: galleryPersons, cameras: galleryCameras)
  }

  /// The same data with the gallery in another order.
  func shuffled(_ order: [Int]) -> MadeRetrieval {
    var other = self
    other.gallery = order.flatMap { gallery[($0 * width)..<(($0 + 1) * width)] }
    other.galleryLabels = RetrievalLabels(
      persons: order.map { galleryLabels.persons[$0] },
      cameras: galleryLabels.cameras.map { cameras in order.map { cameras[$0] } })
    return other
  }

  func scores(_ options: RetrievalOptions = RetrievalOptions()) throws -> RetrievalScores {
    try scoreRetrieval(
      queryFeatures: query, galleryFeatures: gallery, width: width, query: queryLabels,
      gallery: galleryLabels, options: options)
  }

  /// `[queries, gallery]` cosine distances.
  func distances() throws -> [Float] {
    let source = try CosineDistances(query: query, gallery: gallery, width: width)
    return allDistances(source)
  }
}

/// All distances of a source as one matrix.
func allDistances(_ source: some DistanceSource) -> [Float] {
  var values = [Float](repeating: .nan, count: source.queryCount * source.galleryCount)
  values.withUnsafeMutableBufferPointer {
    source.writeDistances(of: 0..<source.queryCount, into: $0)
  }
  return values
}

/// A small generator for made-up data.
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x2545_f491_4f6c_dd1d &+ 88_172_645_463_325_252 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_f491_4f6c_dd1d
  }

  /// A number of −1…1.
  mutating func signed() -> Float { Float(next() >> 40) / 8_388_608 - 1 }
}
