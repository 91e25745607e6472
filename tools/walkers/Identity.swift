import CRaster

/// Everything about a person that stays the same from camera to camera.
struct Identity {
  /// The person's number in files, from 1.
  let number: Int
  var body: Body
  var gait: Gait
  var skin: Vector
  var hair: Hair
  var hairColor: Vector
  var upper: Garment
  var upperLength: UpperLength
  var hasLongSleeves: Bool
  var lower: Garment
  var lowerCut: LowerCut
  var shoes: Vector
  var luggage: Luggage
  var luggageColor: Vector

  /// Proportions; lengths in metres, factors about 1.
  struct Body {
    var height: Float
    var build: Float
    var shoulders: Float
    var hips: Float
    var legs: Float
    var head: Float
  }

  /// How a person walks; angles in radians, speed in metres a second.
  struct Gait {
    var stride: Float
    var armSwing: Float
    var elbow: Float
    var lean: Float
    var speed: Float
  }

  /// What covers the head.
  enum Hair: CaseIterable {
    case short, long, bun, bald, hood, beanie
  }

  /// Where the upper garment ends.
  enum UpperLength: CaseIterable {
    case waist, hip, thigh, knee
  }

  /// What the legs wear.
  enum LowerCut: CaseIterable {
    case trousers, wideTrousers, shorts, skirt
  }

  /// What the person carries.
  enum Luggage: CaseIterable {
    case none, rucksack, shoulderBag, handbag
  }

  /// Colours and pattern of a piece of clothing.
  struct Garment {
    var base: Vector
    var second: Vector
    var pattern: Int
    var period: Float
    var split: Float
    var relief: Float
    var seed: UInt32

    /// The look of the garment for the rasteriser.
    var material: raster_material {
      raster_material(
        base: base.raster, second: second.raster, pattern: Int32(pattern), period: period,
        split: split, relief: relief, seed: seed)
    }
  }
}

extension Identity {
  /// Draws a person.
  ///
  /// About `twinShare` of the people wear the very upper and lower colour of an earlier one, so
  /// that colour alone cannot tell everybody apart.
  static func people(
    numbers: ClosedRange<Int>, seed: UInt64, twinShare: Float
  ) -> [Identity] {
    var people: [Identity] = []
    for number in numbers {
      var person = Identity(number: number, seed: seed)
      var random = CounterGenerator(seed: seed, .colorTwins, number)
      if !people.isEmpty, random.chance(twinShare) {
        let twin = people[Int.random(in: 0..<people.count, using: &random)]
        person.upper.base = Palette.near(twin.upper.base, 0.012, &random)
        person.lower.base = Palette.near(twin.lower.base, 0.012, &random)
      }
      people.append(person)
    }
    return people
  }

  /// Draws one person of a seed.
  init(number: Int, seed: UInt64) {
    var random = CounterGenerator(seed: seed, .appearance, number)
    self.number = number
    let isBroad = random.chance(0.5)
    body = Body(
      height: random.normal(isBroad ? 1.77 : 1.65, 0.07).clamped(1.48, 1.98),
      build: random.normal(1, 0.11).clamped(0.82, 1.32),
      shoulders: random.normal(isBroad ? 1.05 : 0.95, 0.04),
      hips: random.normal(isBroad ? 0.96 : 1.06, 0.04),
      legs: random.normal(1, 0.025), head: random.normal(1, 0.04))
    gait = Gait(
      stride: random.normal(0.44, 0.05).clamped(0.32, 0.56),
      armSwing: random.normal(0.42, 0.16).clamped(0.08, 0.8),
      elbow: random.normal(0.28, 0.14).clamped(0.05, 0.8),
      lean: random.normal(0.04, 0.035).clamped(-0.03, 0.14),
      speed: random.normal(1.5, 0.16).clamped(1.1, 1.95))
    skin = Palette.near(random.choice(Palette.skin), 0.02, &random)
    hair = random.choice([
      (.short, 0.42), (.long, isBroad ? 0.06 : 0.4), (.bun, isBroad ? 0.02 : 0.15), (.bald, 0.07),
      (.hood, 0.1), (.beanie, 0.1),
    ])
    hairColor = Palette.near(random.choice(Palette.hair), 0.015, &random)
    if hair == .beanie { hairColor = Palette.near(random.choice(Palette.bag), 0.02, &random) }
    let upperColor = Palette.near(random.choice(Palette.upper), 0.025, &random)
    upperLength = random.choice([(.waist, 0.3), (.hip, 0.38), (.thigh, 0.2), (.knee, 0.12)])
    hasLongSleeves = upperLength == .thigh || upperLength == .knee || random.chance(0.78)
    let patterns: [(Int, Float)] = [
      (RASTER_PLAIN, 0.85), (RASTER_STRIPES_ACROSS, 0.09), (RASTER_STRIPES_ALONG, 0.04),
      (RASTER_CHECK, 0.08), (RASTER_BLOCK, 0.11), (RASTER_PANEL, 0.1), (RASTER_CLOTH, 0.08),
    ]
    let pattern = random.choice(patterns)
    upper = Garment(
      base: upperColor, second: Palette.near(random.choice(Palette.accent), 0.02, &random),
      pattern: pattern, period: random.uniform(0.07, 0.16),
      split: pattern == RASTER_PANEL ? random.uniform(0.1, 0.22) : random.uniform(0.22, 0.42),
      relief: random.uniform(0.16, 0.42), seed: UInt32.random(in: 0...UInt32.max, using: &random))
    lowerCut = random.choice([
      (.trousers, 0.62), (.wideTrousers, 0.17), (.shorts, 0.09), (.skirt, isBroad ? 0.01 : 0.18),
    ])
    lower = Garment(
      base: Palette.near(random.choice(Palette.lower), 0.025, &random),
      second: Vector(repeating: 0), pattern: RASTER_PLAIN, period: 0.1, split: 0,
      relief: random.uniform(0.14, 0.36), seed: UInt32.random(in: 0...UInt32.max, using: &random))
    shoes = Palette.near(random.choice(Palette.shoes), 0.02, &random)
    luggage = random.choice([
      (.none, 0.52), (.rucksack, 0.25), (.shoulderBag, 0.13), (.handbag, 0.1),
    ])
    luggageColor = Palette.near(random.choice(Palette.bag), 0.02, &random)
  }
}
