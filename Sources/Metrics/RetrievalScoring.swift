internal import CMetrics

/// Scores how well features find the images of the same person in a gallery.
///
/// Distances are cosine distances, computed a block of queries at a time: memory is the features
/// plus `options.blockRows × gallery` values, never the whole matrix.
///
/// **Shape**: features `[images, width]`, row-major, of any length each.
///
/// - Throws: ``MetricsError`` for empty sets, features that are not finite, missing camera numbers,
///   or a gallery in which no query has a match.
public func scoreRetrieval(
  queryFeatures: [Float], galleryFeatures: [Float], width: Int, query: RetrievalLabels,
  gallery: RetrievalLabels, options: RetrievalOptions = RetrievalOptions()
) throws(MetricsError) -> RetrievalScores {
  guard options.rule == .cameraCentred else {
    let distances = try CosineDistances(
      query: queryFeatures, gallery: galleryFeatures, width: width)
    return try scoreRetrieval(distances, query: query, gallery: gallery, options: options)
  }
  guard let queryCameras = query.cameras, let galleryCameras = gallery.cameras else {
    throw .noCameras(rule: options.rule)
  }
  let centred = try cameraCentred(
    query: queryFeatures, queryCameras: queryCameras, gallery: galleryFeatures,
    galleryCameras: galleryCameras, width: width)
  let distances = try CosineDistances(query: centred.query, gallery: centred.gallery, width: width)
  return try scoreRetrieval(distances, query: query, gallery: gallery, options: options)
}

/// Scores how well distances find the images of the same person in a gallery.
///
/// For each query, gallery images that the protocol removes are left out, and the rest is ranked by
/// (distance, gallery index). Ranks of the matches are found by counting what comes before them, so
/// nothing is sorted. Queries without a match are invalid: counted, but in no mean.
///
/// ```
/// AP  = (1/n) Σ_j j / rank_j          over the n matches in the order of their ranks
/// INP = n / rank_n
/// CMC(r) = share of valid queries with rank_1 ≤ r
/// ```
///
/// - Parameters:
///   - distances: Where the distances come from: features, a matrix, or re-ranking.
///   - query: Persons and cameras of the queries.
///   - gallery: Persons and cameras of the gallery.
///   - options: Protocol and extras. With ``RetrievalProtocol/cameraCentred`` the distances must
///     come from centred features already.
/// - Throws: ``MetricsError`` for empty sets, missing camera numbers, or a gallery in which no query
///   has a match.
///
/// **Source**: L. Zheng et al., "Scalable person re-identification: a benchmark", ICCV 2015; mINP
/// from M. Ye et al., "Deep learning for person re-identification: a survey and outlook",
/// arXiv 2001.04193.
public func scoreRetrieval(
  _ distances: some DistanceSource, query: RetrievalLabels, gallery: RetrievalLabels,
  options: RetrievalOptions = RetrievalOptions()
) throws(MetricsError) -> RetrievalScores {
  precondition(
    distances.queryCount == query.count && distances.galleryCount == gallery.count,
    "scoreRetrieval: distances [\(distances.queryCount), \(distances.galleryCount)] but "
      + "\(query.count) query and \(gallery.count) gallery labels")
  if query.count == 0 { throw .empty(set: "queries") }
  if gallery.count == 0 { throw .empty(set: "gallery") }
  if options.rule.needsCameras, query.cameras == nil || gallery.cameras == nil {
    throw .noCameras(rule: options.rule)
  }
  let candidates = GalleryCandidates(query: query, gallery: gallery, rule: options.rule)
  var histograms = options.verification ? DistanceHistograms() : nil
  // A block holds at most 64 MiB, however large the gallery.
  let rows = max(1, min(options.blockRows, (1 << 24) / gallery.count, query.count))
  var block = [Float](repeating: 0, count: rows * gallery.count)
  var perQuery: [QueryScore] = []
  perQuery.reserveCapacity(query.count)
  for start in stride(from: 0, to: query.count, by: rows) {
    let range = start..<min(start + rows, query.count)
    block.withUnsafeMutableBufferPointer { buffer in
      let part = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * gallery.count)])
      distances.writeDistances(of: range, into: part)
      perQuery += candidates.score(queries: range, distances: part, options: options)
      histograms?.add(candidates, queries: range, distances: UnsafeBufferPointer(part))
    }
  }
  return try summary(perQuery, query: query, gallery: gallery, histograms, options)
}

/// Forms the means over valid queries.
private func summary(
  _ perQuery: [QueryScore], query: RetrievalLabels, gallery: RetrievalLabels,
  _ histograms: DistanceHistograms?, _ options: RetrievalOptions
) throws(MetricsError) -> RetrievalScores {
  let valid = perQuery.filter(\.isValid)
  let queryPersons = Set(query.persons)
  let galleryPersons = Set(gallery.persons).subtracting([RetrievalLabels.junkPerson])
  let cameras = Set((query.cameras ?? []) + (gallery.cameras ?? [])).count
  guard !valid.isEmpty else {
    throw .noValidQueries(
      queries: query.count, queryPersons: queryPersons.count,
      galleryPersons: galleryPersons.count,
      sharedPersons: queryPersons.intersection(galleryPersons).count, cameras: cameras)
  }
  var firstRanks = [Int](repeating: 0, count: options.cumulativeMatchRanks)
  for score in valid {
    if let rank = score.matchRanks.first, rank <= firstRanks.count { firstRanks[rank - 1] += 1 }
  }
  var found = 0
  let cumulative = firstRanks.map { count in
    found += count
    return Double(found) / Double(valid.count)
  }
  let junk = gallery.persons.count { $0 == RetrievalLabels.junkPerson }
  let precisions = valid.map(\.averagePrecision)
  return RetrievalScores(
    mAP: precisions.reduce(0, +) / Double(valid.count),
    mINP: valid.reduce(0) { $0 + $1.inverseNegativePenalty } / Double(valid.count),
    rank1: cumulative[0], rank5: cumulative[4], rank10: cumulative[9],
    cumulativeMatch: cumulative, queries: query.count,
    invalidQueries: query.count - valid.count, gallery: gallery.count - junk, junk: junk,
    queryPersons: queryPersons.count, galleryPersons: galleryPersons.count, cameras: cameras,
    protocol: options.rule, averagePrecisionForm: options.averagePrecisionForm,
    interval: bootstrapInterval(
      of: precisions, groups: valid.map(\.person), resamplings: options.resamplings,
      seed: options.seed),
    verification: histograms.map { VerificationScores($0) }, perQuery: perQuery)
}
