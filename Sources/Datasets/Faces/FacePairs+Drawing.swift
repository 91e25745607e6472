extension FacePairs {
  /// Draws pairs from labelled pictures, no person in two folds.
  ///
  /// Persons are divided into up to ten folds in their order. A fold gets every pair of pictures of one
  /// of its persons, at most `limit`, and as many pairs of pictures of two of its persons, all drawn by
  /// the seed. Pairs are drawn by their numbers and never listed, so that millions of pictures will do.
  ///
  /// - Returns: nil with fewer than four persons who have two pictures each.
  public init?(drawnFrom pictures: [FacePicture], name: String, limit: Int = 300, seed: UInt64) {
    var places: [Int: [Int]] = [:]
    for (index, picture) in pictures.enumerated() {
      places[picture.person, default: []].append(index)
    }
    let persons = places.filter { $0.value.count > 1 }.keys.sorted()
    guard persons.count >= 4 else { return nil }
    let foldCount = min(10, persons.count / 2)
    let hash = CounterHash(seed: seed, purpose: .facePairs)
    var pairs: [Pair] = []
    var sizes: [Int] = []
    for fold in 0..<foldCount {
      let own = persons[
        (fold * persons.count / foldCount)..<((fold + 1) * persons.count / foldCount)]
      let possible = PossiblePairs(own.map { places[$0] ?? [] })
      let count = min(limit, possible.genuineCount, possible.impostorCount)
      pairs += hash.sample(count, of: possible.genuineCount, UInt64(fold), 0)
        .map(possible.genuine)
      pairs += hash.sample(count, of: possible.impostorCount, UInt64(fold), 1)
        .map(possible.impostor)
      sizes.append(2 * count)
    }
    // Only pictures that occur are kept, since every one of them is described for a score.
    let used = Set(pairs.flatMap { [$0.first, $0.second] }).sorted()
    let rows = Dictionary(uniqueKeysWithValues: zip(used, used.indices))
    self.init(
      name: name, pictures: used.map { pictures[$0] },
      pairs: pairs.map { pair in
        Pair(rows[pair.first] ?? 0, rows[pair.second] ?? 0, isSame: pair.isSame)
      }, foldSizes: sizes)
  }
}

/// All pairs of the pictures of some persons, by number.
private struct PossiblePairs {
  /// Places of all pictures, person after person.
  private let places: [Int]
  /// Where each person's pictures begin in ``places``, and their end.
  private let starts: [Int]
  /// Pairs before each person, and of all, of one person and of two.
  private let genuineStarts, impostorStarts: [Int]

  init(_ persons: [[Int]]) {
    places = persons.flatMap(\.self)
    var (starts, genuine, impostors) = ([0], [0], [0])
    for own in persons {
      let end = (starts.last ?? 0) + own.count
      genuine.append((genuine.last ?? 0) + own.count * (own.count - 1) / 2)
      impostors.append((impostors.last ?? 0) + own.count * (places.count - end))
      starts.append(end)
    }
    (self.starts, genuineStarts, impostorStarts) = (starts, genuine, impostors)
  }

  var genuineCount: Int { genuineStarts.last ?? 0 }
  var impostorCount: Int { impostorStarts.last ?? 0 }

  /// A pair of pictures of one person.
  func genuine(_ number: Int) -> FacePairs.Pair {
    let person = Self.part(of: number, in: genuineStarts)
    var rest = number - genuineStarts[person]
    var first = starts[person]
    // At most as many turns as the person has pictures.
    while rest >= starts[person + 1] - first - 1 {
      rest -= starts[person + 1] - first - 1
      first += 1
    }
    return .init(places[first], places[first + 1 + rest], isSame: true)
  }

  /// A pair of pictures of two persons: one of a person, and one of those who follow.
  func impostor(_ number: Int) -> FacePairs.Pair {
    let person = Self.part(of: number, in: impostorStarts)
    let rest = number - impostorStarts[person]
    let followers = places.count - starts[person + 1]
    return .init(
      places[starts[person] + rest / followers], places[starts[person + 1] + rest % followers],
      isSame: false)
  }

  /// The last part that begins at or before a number; parts may be empty.
  private static func part(of number: Int, in starts: [Int]) -> Int {
    var (low, high) = (0, starts.count - 1)
    while low + 1 < high {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle } else { high = middle }
    }
    return low
  }
}
