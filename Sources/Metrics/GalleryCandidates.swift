internal import CMetrics

/// Which gallery images each query must find, and which are removed for it.
struct GalleryCandidates {
  private let query: RetrievalLabels
  private let gallery: RetrievalLabels
  private let rule: RetrievalProtocol
  /// Gallery indices of each person, ascending; junk has none.
  private var imagesOfPerson: [Int: [Int]] = [:]
  private var junk: [Int] = []
  private var imagesOfKey: [String: [Int]] = [:]

  init(query: RetrievalLabels, gallery: RetrievalLabels, rule: RetrievalProtocol) {
    self.query = query
    self.gallery = gallery
    self.rule = rule
    for (index, person) in gallery.persons.enumerated() {
      if person == RetrievalLabels.junkPerson {
        junk.append(index)
      } else {
        imagesOfPerson[person, default: []].append(index)
      }
    }
    if rule == .withoutCameras, let keys = gallery.imageKeys {
      for (index, key) in keys.enumerated() { imagesOfKey[key, default: []].append(index) }
    }
  }

  /// The gallery images to be found for a query, and those removed for it.
  func images(for index: Int) -> (matches: [Int], removed: [Int]) {
    let sameImage = query.imageKeys.flatMap { imagesOfKey[$0[index]] } ?? []
    guard query.persons[index] != RetrievalLabels.junkPerson,
      let images = imagesOfPerson[query.persons[index]]
    else { return ([], Array(Set(junk).union(sameImage))) }
    if rule.needsCameras, let queryCameras = query.cameras, let galleryCameras = gallery.cameras {
      let camera = queryCameras[index]
      return (
        images.filter { galleryCameras[$0] != camera },
        junk + images.filter { galleryCameras[$0] == camera }
      )
    }
    let removed = Set(sameImage)
    return (images.filter { !removed.contains($0) }, Array(removed.union(junk)))
  }

  /// Scores some queries, in parallel.
  ///
  /// - Parameters:
  ///   - queries: Which queries.
  ///   - distances: `[queries, gallery]`: their distances; removed images are set to infinity.
  ///   - options: What to compute.
  func score(
    queries: Range<Int>, distances: UnsafeMutableBufferPointer<Float>, options: RetrievalOptions
  ) -> [QueryScore] {
    let columns = gallery.count
    return [QueryScore](unsafeUninitializedCapacity: queries.count) { scores, count in
      let places = scores
      inParallel(queries.count) { row in
        let line = UnsafeMutableBufferPointer(
          rebasing: distances[(row * columns)..<((row + 1) * columns)])
        places.initializeElement(
          at: row,
          to: score(query: queries.lowerBound + row, distances: line, options: options))
      }
      count = queries.count
    }
  }

  private func score(
    query index: Int, distances: UnsafeMutableBufferPointer<Float>, options: RetrievalOptions
  ) -> QueryScore {
    let (matches, removed) = images(for: index)
    var removedImages: [RankedImage] = []
    for image in removed {
      if options.rankedImages > 0 {
        removedImages.append(ranked(image, distances[image], query: index, isRemoved: true))
      }
      distances[image] = .infinity
    }
    let count = Int64(distances.count)
    let ranks = matches.map { match in
      1 + Int(cx_count_before(distances.baseAddress, count, Int64(match)))
    }.sorted()
    return QueryScore(
      query: index, person: query.persons[index], matches: matches.count,
      averagePrecision: ranks.isEmpty
        ? 0 : options.averagePrecisionForm.averagePrecision(ranks: ranks),
      inverseNegativePenalty: ranks.last.map { Double(ranks.count) / Double($0) } ?? 0,
      matchRanks: ranks,
      ranking: ranking(
        query: index, distances: distances, length: options.rankedImages, removed: removedImages))
  }

  /// The nearest kept images, with the removed ones that would stand among them: at most as many
  /// again.
  private func ranking(
    query index: Int, distances: UnsafeMutableBufferPointer<Float>, length: Int,
    removed: [RankedImage]
  ) -> [RankedImage] {
    guard length > 0, let base = distances.baseAddress else { return [] }
    let kept = smallest(
      UnsafeBufferPointer(start: base, count: distances.count), count: length)
    let list = kept.map { ranked($0.index, $0.distance, query: index, isRemoved: false) }
    guard let last = list.last else { return [] }
    let near = removed.filter { isBefore($0, last) }.sorted(by: isBefore).prefix(length)
    return (list + near).sorted(by: isBefore)
  }

  private func ranked(
    _ image: Int, _ distance: Float, query index: Int, isRemoved: Bool
  ) -> RankedImage {
    let person = query.persons[index]
    return RankedImage(
      gallery: image, distance: distance,
      isCorrect: person != RetrievalLabels.junkPerson && gallery.persons[image] == person,
      isRemoved: isRemoved)
  }

  private func isBefore(_ left: RankedImage, _ right: RankedImage) -> Bool {
    (left.distance, left.gallery) < (right.distance, right.gallery)
  }
}
