/// Pairs crops at random, one to one, between each two frames: the lowest bar for a miner.
///
/// - Parameters:
///   - framePairs: The frames; each gives min(crops, crops) pairs.
///   - seed: Seed of the draw.
/// - Returns: The pairs, all with score 0.
public func randomPairs(_ framePairs: [FramePair], seed: UInt64) -> [MinedPair] {
  var random = CounterRandom(seed: seed)
  return framePairs.flatMap { frames -> [MinedPair] in
    let first = shuffled(frames.first, &random)
    let second = shuffled(frames.second, &random)
    return zip(first, second).map { MinedPair(first: $0, second: $1, score: 0) }
  }
}

/// Gives every crop of the first frame its most similar crop of the second one, by fixed features
/// such as ``ColorHistogram``: what a miner without learning and without one-to-one matching gets.
///
/// - Parameters:
///   - framePairs: The frames.
///   - features: `[crops, width]`, row-major, of any length each.
///   - width: Width of a feature vector.
/// - Returns: The pairs with their cosine as score; ties go to the earliest crop of the frame.
/// - Throws: ``MetricsError/notFinite(set:image:)`` for a feature that is not finite.
public func nearestPairs(
  _ framePairs: [FramePair], features: [Float], width: Int
) throws(MetricsError) -> [MinedPair] {
  var pairs: [MinedPair] = []
  for frames in framePairs where !frames.first.isEmpty && !frames.second.isEmpty {
    let distances = try CosineDistances(
      query: rows(frames.first, of: features, width),
      gallery: rows(frames.second, of: features, width), width: width)
    for (row, list) in nearestNeighbours(distances, count: 1).enumerated() {
      guard let nearest = list.first else { continue }
      pairs.append(
        MinedPair(
          first: frames.first[row], second: frames.second[nearest.index],
          score: 1 - Double(nearest.distance)))
    }
  }
  return pairs
}

private func rows(_ indices: [Int], of features: [Float], _ width: Int) -> [Float] {
  indices.flatMap { features[($0 * width)..<(($0 + 1) * width)] }
}

private func shuffled(_ values: [Int], _ random: inout CounterRandom) -> [Int] {
  var values = values
  for place in stride(from: values.count - 1, to: 0, by: -1) {
    values.swapAt(place, random.next(below: place + 1))
  }
  return values
}
