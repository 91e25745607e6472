/// How the vectors of several pictures of one person become one.
///
/// The result has length 1; a template without pictures, or with vectors that cancel, is all zero and
/// matches nobody.
public enum TemplatePooling: String, Sendable, Codable, CaseIterable {
  /// `Σ f`: pictures count by the length of their vectors.
  case sum
  /// `Σ f/|f|`: all pictures count alike.
  case meanOfUnits
  /// `Σ |f| f`: pictures count by the square of the length, as the released IJB-S script does.
  case squaredLength
  /// `Σ q f/|f|` with a quality for each picture, 0…1.
  case quality

  /// Pools rows.
  ///
  /// - Parameters:
  ///   - features: `[pictures, width]`.
  ///   - width: length of a vector.
  ///   - templates: the template of each picture, from 0.
  ///   - count: number of templates.
  ///   - qualities: quality of each picture, for ``quality`` only.
  /// - Returns: `[count, width]`, unit vectors.
  public func pooled(
    _ features: [Float], width: Int, templates: [Int], count: Int, qualities: [Float]? = nil
  ) -> [Float] {
    precondition(
      features.count == templates.count * width,
      "TemplatePooling: \(features.count) values for \(templates.count) pictures of \(width)")
    precondition(
      self != .quality || qualities?.count == templates.count,
      "TemplatePooling: \(templates.count) pictures, \(qualities?.count ?? 0) qualities")
    var sums = [Float](repeating: 0, count: count * width)
    for (row, template) in templates.enumerated() {
      let vector = features[(row * width)..<((row + 1) * width)]
      let scale: Float =
        switch self {
        case .sum: 1
        case .meanOfUnits: inverseLength(vector)
        case .squaredLength: 1 / inverseLength(vector)
        case .quality: inverseLength(vector) * (qualities?[row] ?? 0)
        }
      for (index, value) in vector.enumerated() { sums[template * width + index] += value * scale }
    }
    for template in 0..<count {
      let range = (template * width)..<((template + 1) * width)
      let square = sums[range].reduce(0.0) { $0 + Double($1) * Double($1) }
      guard square > 1e-16 else {
        for place in range { sums[place] = 0 }
        continue
      }
      let scale = Float(1 / square.squareRoot())
      for place in range { sums[place] *= scale }
    }
    return sums
  }

  /// Templates by the protocol of IJB-B and IJB-C: pictures count by the detector's score, those of one
  /// medium are averaged, media are summed, and the sum is brought to length 1.
  ///
  /// **Shape**: `[pictures, width]` → `[count, width]`.
  public static func pooledByMedia(
    _ features: [Float], width: Int, scores: [Float], templates: [Int], media: [Int], count: Int
  ) -> [Float] {
    precondition(
      features.count == templates.count * width && scores.count == templates.count
        && media.count == templates.count,
      "TemplatePooling: \(features.count) values, \(scores.count) scores, \(media.count) media")
    var groups: [SIMD2<Int>: Int] = [:]
    var sizes: [Int] = []
    var owners: [Int] = []
    var sums: [Float] = []
    for (row, template) in templates.enumerated() {
      let key = SIMD2(template, media[row])
      let group = groups[key] ?? sizes.count
      if group == sizes.count {
        groups[key] = group
        sizes.append(0)
        owners.append(template)
        sums += [Float](repeating: 0, count: width)
      }
      sizes[group] += 1
      for index in 0..<width {
        sums[group * width + index] += features[row * width + index] * scores[row]
      }
    }
    for (group, size) in sizes.enumerated() {
      for index in 0..<width { sums[group * width + index] /= Float(size) }
    }
    return TemplatePooling.sum.pooled(sums, width: width, templates: owners, count: count)
  }
}
