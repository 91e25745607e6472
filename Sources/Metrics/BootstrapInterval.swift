/// Bounds of the 95 % bootstrap interval of a mean over groups that vary as a whole.
///
/// Persons, not queries, are drawn with replacement: the queries of one person succeed or fail
/// together, and an interval over queries would be too narrow. Each resampling gives the mean over
/// all values of the persons drawn; the bounds are its 2.5 % and 97.5 % quantiles.
///
/// - Parameters:
///   - values: The values, such as the average precision of each query.
///   - groups: The group of each value, such as the person on the query.
///   - resamplings: Number of resamplings.
///   - seed: Seed; the same seed gives the same bounds.
/// - Returns: Lower and upper bound, or nil without values or resamplings.
///
/// **Source**: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7
/// (1979), as percentile interval over clusters.
public func bootstrapInterval(
  of values: [Double], groups: [Int], resamplings: Int, seed: UInt64
) -> [Double]? {
  precondition(
    values.count == groups.count,
    "bootstrapInterval: \(values.count) values but \(groups.count) groups")
  guard !values.isEmpty, resamplings > 0 else { return nil }
  var places: [Int: Int] = [:]
  var sums: [Double] = []
  var counts: [Int] = []
  for (value, group) in zip(values, groups) {
    if let place = places[group] {
      sums[place] += value
      counts[place] += 1
    } else {
      places[group] = sums.count
      sums.append(value)
      counts.append(1)
    }
  }
  var random = CounterRandom(seed: seed)
  var means = (0..<resamplings).map { _ in
    var sum = 0.0
    var count = 0
    for _ in sums.indices {
      let drawn = random.next(below: sums.count)
      sum += sums[drawn]
      count += counts[drawn]
    }
    return sum / Double(count)
  }
  means.sort()
  return [0.025, 0.975].map { quantile($0, ofSorted: means) }
}

/// The quantile of sorted values, linear between neighbours.
func quantile(_ share: Double, ofSorted values: [Double]) -> Double {
  let place = share * Double(values.count - 1)
  let lower = Int(place)
  let upper = min(lower + 1, values.count - 1)
  return values[lower] + (place - Double(lower)) * (values[upper] - values[lower])
}
