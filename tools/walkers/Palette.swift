/// The colours people wear: mostly black, grey and navy, as in a street in autumn.
enum Palette {
  /// Jackets, coats and shirts.
  static let upper: [(Vector, Float)] = [
    (Vector(0.075, 0.075, 0.08), 0.28), (Vector(0.16, 0.16, 0.17), 0.15),
    (Vector(0.26, 0.26, 0.27), 0.09), (Vector(0.09, 0.11, 0.20), 0.2),
    (Vector(0.17, 0.12, 0.09), 0.06), (Vector(0.20, 0.21, 0.13), 0.06),
    (Vector(0.47, 0.47, 0.48), 0.06), (Vector(0.80, 0.79, 0.77), 0.05),
    (Vector(0.62, 0.53, 0.41), 0.05), (Vector(0.56, 0.11, 0.11), 0.035),
    (Vector(0.32, 0.09, 0.13), 0.03), (Vector(0.17, 0.29, 0.52), 0.04),
    (Vector(0.12, 0.33, 0.24), 0.025), (Vector(0.80, 0.63, 0.15), 0.015),
    (Vector(0.72, 0.45, 0.52), 0.015),
  ]

  /// Trousers, shorts and skirts.
  static let lower: [(Vector, Float)] = [
    (Vector(0.07, 0.07, 0.075), 0.31), (Vector(0.12, 0.15, 0.24), 0.22),
    (Vector(0.17, 0.17, 0.18), 0.15), (Vector(0.25, 0.32, 0.44), 0.12),
    (Vector(0.36, 0.36, 0.37), 0.07), (Vector(0.55, 0.48, 0.38), 0.06),
    (Vector(0.22, 0.17, 0.13), 0.04), (Vector(0.70, 0.69, 0.67), 0.03),
  ]

  /// The second colour of a pattern.
  static let accent: [(Vector, Float)] = [
    (Vector(0.78, 0.77, 0.75), 0.3), (Vector(0.40, 0.40, 0.41), 0.2),
    (Vector(0.07, 0.07, 0.08), 0.15), (Vector(0.50, 0.13, 0.12), 0.1),
    (Vector(0.18, 0.28, 0.48), 0.12), (Vector(0.58, 0.50, 0.38), 0.13),
  ]

  /// Shoes.
  static let shoes: [(Vector, Float)] = [
    (Vector(0.06, 0.06, 0.06), 0.5), (Vector(0.20, 0.14, 0.10), 0.2),
    (Vector(0.75, 0.74, 0.72), 0.2), (Vector(0.35, 0.35, 0.36), 0.1),
  ]

  /// Skin, from light to dark.
  static let skin: [(Vector, Float)] = [
    (Vector(0.85, 0.67, 0.57), 0.3), (Vector(0.77, 0.58, 0.47), 0.3),
    (Vector(0.62, 0.44, 0.33), 0.18), (Vector(0.45, 0.30, 0.22), 0.12),
    (Vector(0.30, 0.20, 0.15), 0.1),
  ]

  /// Hair.
  static let hair: [(Vector, Float)] = [
    (Vector(0.07, 0.06, 0.06), 0.35), (Vector(0.19, 0.13, 0.09), 0.3),
    (Vector(0.33, 0.23, 0.14), 0.12), (Vector(0.62, 0.50, 0.31), 0.1),
    (Vector(0.56, 0.55, 0.54), 0.13),
  ]

  /// Rucksacks and bags.
  static let bag: [(Vector, Float)] = [
    (Vector(0.08, 0.08, 0.085), 0.42), (Vector(0.14, 0.17, 0.27), 0.16),
    (Vector(0.30, 0.30, 0.31), 0.14), (Vector(0.36, 0.24, 0.15), 0.1),
    (Vector(0.50, 0.12, 0.12), 0.07), (Vector(0.20, 0.30, 0.20), 0.06),
    (Vector(0.60, 0.54, 0.43), 0.05),
  ]

  /// A colour near the given one, as two pieces of the same dye differ.
  static func near(
    _ color: Vector, _ deviation: Float, _ random: inout CounterGenerator
  ) -> Vector {
    let brightness = random.normal(1, 2.5 * deviation)
    let shift = Vector(
      random.normal(0, deviation), random.normal(0, deviation), random.normal(0, deviation))
    return (color * brightness + shift * 0.35).clamped(
      lowerBound: Vector(repeating: 0.03), upperBound: Vector(repeating: 0.92))
  }
}
