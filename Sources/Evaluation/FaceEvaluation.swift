public import Datasets
import Metrics
import Tasks

/// Faces told apart and found again: features, pairs, searches.
public struct FaceEvaluation {
  /// The pictures, pairs and probes.
  public let test: FaceTest
  /// How they are scored.
  public let settings: FaceScoringSettings

  /// Prepares an evaluation.
  public init(_ test: FaceTest, settings: FaceScoringSettings) {
    self.test = test
    self.settings = settings
  }

  /// Draws of the bootstrap behind intervals.
  private static let resamplings = 1000

  /// Every picture that is described, some of them several times at other resolutions.
  public var pictureCount: Int {
    let pairs = test.pairs.reduce(0) { $0 + $1.pictures.count }
    let seconds = test.pairs.first.map { Set($0.pairs.map(\.second)).count } ?? 0
    let search = test.search.map { ($0.gallery.count, $0.probes.count) } ?? (0, 0)
    return pairs + search.0 + search.1 + (test.templates?.pictures.count ?? 0)
      + settings.resolutions.count * (seconds + search.1)
  }

  /// Every picture of the test, those of pairs, templates and searches.
  public var pictures: [FacePicture] {
    test.pairs.flatMap(\.pictures) + (test.templates?.pictures ?? [])
      + (test.search.map { $0.gallery + $0.probes } ?? [])
  }

  /// Seconds that describing all pictures would take, by some of them.
  ///
  /// - Throws: ``EvaluationError`` where none of them can be described.
  public func estimatedSeconds(
    of extractor: FeatureExtractor, by sample: [FacePicture]
  ) throws -> Double {
    let start = ContinuousClock.now
    let reader = FaceReader(
      extractor: extractor,
      preparation: FacePreparation(size: settings.size ?? extractor.facePictureSize ?? 112),
      fusion: settings.fusion, progress: { _ in })
    _ = try reader.rows(of: sample)
    return (ContinuousClock.now - start) / .seconds(1) * Double(pictureCount)
      / Double(max(sample.count, 1))
  }

  /// Scores a model.
  ///
  /// - Parameters:
  ///   - extractor: the model.
  ///   - progress: called with the number of pictures of each finished batch.
  /// - Throws: ``EvaluationError`` or `MetricsError`.
  public func result(
    of extractor: FeatureExtractor, progress: @escaping (Int) -> Void = { _ in }
  ) throws -> FaceResult {
    let start = ContinuousClock.now
    let preparation = FacePreparation(size: settings.size ?? extractor.facePictureSize ?? 112)
    let reader = FaceReader(
      extractor: extractor, preparation: preparation, fusion: settings.fusion, progress: progress)
    var scores = [FaceScores()] + settings.resolutions.map { FaceScores(rows: $0) }
    var result = FaceResult(
      model: RetrievalResult.Model(extractor), test: test, settings: settings, scores: [],
      pairCount: test.pairs.first?.pairs.count ?? test.templates?.pairs.count ?? 0,
      preparation: preparation.text, unaligned: 0, pictures: 0, skipped: test.skipped, seconds: 0)
    for (index, pairs) in test.pairs.enumerated() {
      let native = try reader.rows(of: pairs.pictures)
      if index == 0 {
        for place in scores.indices {
          let second = try scores[place].rows.map { rows in
            try reader.rows(of: pairs.pictures, at: Set(pairs.pairs.map(\.second)), rows: rows)
          }
          let compared = ComparedPairs(
            pairs, first: native, second: second ?? native, width: extractor.width)
          try score(compared, into: &scores[place])
          if place == 0 { compared.describe(in: &result, pairs: pairs, scores: scores[0]) }
        }
        result.sets.append(.init(name: pairs.name, pairs: pairs.pairs.count, scores: scores[0]))
      } else {
        var further = FaceScores()
        try score(
          ComparedPairs(pairs, first: native, second: native, width: extractor.width),
          into: &further)
        result.sets.append(.init(name: pairs.name, pairs: pairs.pairs.count, scores: further))
      }
    }
    if let templates = test.templates {
      try score(templates, reader, into: &scores[0])
    }
    if let search = test.search {
      let gallery = try reader.rows(of: search.gallery)
      for place in scores.indices {
        let probes = try reader.rows(of: search.probes, rows: scores[place].rows)
        try score(
          search, gallery: gallery, probes: probes, width: extractor.width, into: &scores[place])
      }
    }
    result.scores = scores
    result.skipped += reader.skipped
    var unaligned: [String: Bool] = [:]
    for picture in pictures { unaligned[picture.path] = picture.landmarks == nil }
    result.pictures = unaligned.count
    result.unaligned = unaligned.values.count { $0 }
    result.seconds = (ContinuousClock.now - start) / .seconds(1)
    return result
  }

  private func score(
    _ compared: ComparedPairs, into scores: inout FaceScores
  ) throws {
    let verification = try FaceVerification(
      first: compared.first, second: compared.second, width: compared.width,
      isSame: compared.isSame, foldSizes: compared.foldSizes,
      resamplings: Self.resamplings)
    scores.verification = verification
    setCurve(verification.curve, in: &scores)
  }

  /// Rates that there are enough impostor pairs to speak of.
  private func setCurve(_ curve: ReceiverOperatingCurve, in scores: inout FaceScores) {
    scores.curve = curve
    scores.trueAcceptRates = settings.falseAcceptRates
      .filter { $0 * Double(curve.impostorCount) >= 1 }
      .map { ($0, curve.point(nearest: $0).trueAcceptRate) }
  }

  private func score(
    _ templates: FaceTemplates, _ reader: FaceReader, into scores: inout FaceScores
  ) throws {
    let rows = try reader.rows(of: templates.pictures)
    let width = reader.extractor.width
    let kept = templates.pictures.indices.filter { rows[$0] != nil }
    let features = kept.flatMap { rows[$0] ?? [] }
    let owners = kept.map { templates.templates[$0] }
    let pooled =
      settings.pooling?.pooled(
        features, width: width, templates: owners, count: templates.templateCount)
      ?? TemplatePooling.pooledByMedia(
        features, width: width, scores: kept.map { templates.scores[$0] }, templates: owners,
        media: kept.map { templates.media[$0] }, count: templates.templateCount)
    let cosines = templates.pairs.map { pair in
      (0..<width).reduce(Float(0)) {
        $0 + pooled[pair.first * width + $1] * pooled[pair.second * width + $1]
      }
    }
    setCurve(
      try ReceiverOperatingCurve(scores: cosines, isSame: templates.pairs.map(\.isSame)),
      in: &scores)
  }

  private func score(
    _ search: FaceSearch, gallery: [Int: [Float]], probes: [Int: [Float]], width: Int,
    into scores: inout FaceScores
  ) throws {
    func identification(_ enrolled: Set<Int>?) throws -> FaceIdentification {
      let shown = search.gallery.indices.filter {
        gallery[$0] != nil && enrolled?.contains(search.gallery[$0].person) ?? true
      }
      let asked = search.probes.indices.filter { probes[$0] != nil }
      let known = templates(
        shown.flatMap { gallery[$0] ?? [] }, persons: shown.map { search.gallery[$0].person },
        width: width)
      return try FaceIdentification(
        gallery: known.vectors, galleryPersons: known.persons,
        probes: asked.flatMap { probes[$0] ?? [] },
        probePersons: asked.map { search.probes[$0].person }, width: width)
    }
    let closed = try identification(nil)
    for rank in [1, 5, 10, 20] { scores.ranks[rank] = closed.rate(at: rank) }
    let asked = search.probes.indices.filter { probes[$0] != nil }
    scores.firstHits = zip(asked, closed.mates).compactMap { place, mate in
      mate.map {
        ScoredItem(
          key: search.probes[place].path, group: String(search.probes[place].person),
          value: $0.rank == 1 ? 1 : 0)
      }
    }
    var persons: [String: Int] = [:]
    for hit in scores.firstHits where persons[hit.group] == nil {
      persons[hit.group] = persons.count
    }
    scores.firstRankInterval = bootstrapInterval(
      of: scores.firstHits.map(\.value), groups: scores.firstHits.map { persons[$0.group] ?? 0 },
      resamplings: Self.resamplings, seed: UInt64(settings.seed))
    guard !search.enrolments.isEmpty else { return }
    let trials = try search.enrolments.map { try identification($0) }
    scores.truePositiveRates = settings.falsePositiveRates.compactMap { rate in
      let values = trials.compactMap {
        $0.truePositiveRate(atFalsePositiveRate: rate, rank: search.recognitionRank)
      }
      return values.count == trials.count
        ? (rate, values.reduce(0, +) / Double(values.count)) : nil
    }
  }

  /// The gallery as it is searched: picture by picture, or one vector for each person; who is nobody stays
  /// picture by picture.
  private func templates(
    _ vectors: [Float], persons: [Int], width: Int
  ) -> (vectors: [Float], persons: [Int]) {
    guard let pooling = settings.pooling else { return (vectors, persons) }
    var templates: [Int] = []
    var owners: [Int] = []
    var numbers: [Int: Int] = [:]
    for person in persons {
      let number = person < 0 ? owners.count : numbers[person] ?? owners.count
      if number == owners.count {
        owners.append(person)
        if person >= 0 { numbers[person] = number }
      }
      templates.append(number)
    }
    return (
      pooling.pooled(vectors, width: width, templates: templates, count: owners.count), owners
    )
  }
}
