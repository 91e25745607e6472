public import Tensors

/// Chooses the classes that a step looks at: those of its pictures, and random others.
///
/// With share ρ of C classes a step sees `max(present, ⌊ρC⌋)` of them. Rows that are not chosen get no
/// gradient; weight decay and the optimizer's momentum still move them, as in the released code.
/// **Source**: X. An et al., "Killing Two Birds with One Stone: Efficient and Robust Training of Face
/// Recognition CNNs by Partial FC", 2022, arXiv 2203.15565.
public struct ClassSampler: Sendable {
  /// What a step looks at.
  public struct Choice: Sendable, Hashable {
    /// The classes, ascending.
    public var classes: [Int]
    /// The place of each picture's class among them.
    public var labels: [Int]
  }

  /// Number of all classes.
  public let count: Int
  /// Share of the classes in a step, 0…1.
  public let share: Double
  private let random: RandomStream

  /// Makes a sampler; a step's choice depends on the stream and the step's number alone.
  public init(count: Int, share: Double, random: RandomStream) {
    precondition(
      count > 0 && share > 0 && share <= 1, "ClassSampler: a share of \(share) of \(count) classes")
    self.count = count
    self.share = share
    self.random = random
  }

  /// The classes of a step with pictures of `present`; nil where all classes are looked at.
  public func choice(present: [Int], step: Int) -> Choice? {
    guard share < 1 else { return nil }
    var chosen = Set(present)
    let wanted = min(Int(share * Double(count)), count)
    if chosen.count < wanted {
      var draw = random.split(step)
      for other in draw.permutation(count) {
        guard chosen.count < wanted else { break }
        chosen.insert(other)
      }
    }
    let classes = chosen.sorted()
    var places: [Int: Int] = [:]
    for (place, number) in classes.enumerated() { places[number] = place }
    return Choice(classes: classes, labels: present.compactMap { places[$0] })
  }
}
