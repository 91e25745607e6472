extension FacePairs {
  /// The pairs that are left where some pictures cannot be used.
  ///
  /// A given fold that lost all its pairs of one kind is left out as a whole, since nothing can be told
  /// apart in it.
  ///
  /// - Parameter isReadable: whether both pictures of a pair can be used.
  /// - Returns: places of the pairs, fold after fold, and how many each fold has left; no sizes where folds
  ///   are equal parts.
  public func readable(
    _ isReadable: (Pair) -> Bool
  ) -> (places: [Int], foldSizes: [Int]?) {
    guard let foldSizes else { return (pairs.indices.filter { isReadable(pairs[$0]) }, nil) }
    var (places, sizes): ([Int], [Int]) = ([], [])
    var start = 0
    for size in foldSizes {
      defer { start += size }
      let left = (start..<(start + size)).filter { isReadable(pairs[$0]) }
      guard Set(left.map { pairs[$0].isSame }).count == 2 else { continue }
      places += left
      sizes.append(left.count)
    }
    return (places, sizes)
  }
}
