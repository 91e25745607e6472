import CRaster

/// The surfaces of a dressed person in one pose, in the person's own frame.
struct Figure {
  /// Every tube of the figure.
  private(set) var lofts: [Loft] = []

  private let identity: Identity
  private let pose: Pose
  private let scale: Float
  private let side = Vector(1, 0, 0)

  /// Dresses a person.
  init(_ identity: Identity, phase: Float) {
    self.identity = identity
    pose = Pose(identity, phase: phase)
    scale = pose.scale
    addLegs()
    addTorso()
    addArms()
    addHead()
    addLuggage()
  }

  /// The figure turned and moved to its place in the scene.
  ///
  /// - Parameters:
  ///   - position: the place of the feet, in metres.
  ///   - heading: radians from the z axis towards x.
  func placed(at position: Vector, heading: Float) -> [Loft] {
    let turn = Turn(heading)
    func moved(_ vector: raster_vector, by offset: Vector) -> raster_vector {
      (Vector(vector.x, vector.y, vector.z).turned(turn) + offset).raster
    }
    return lofts.map { loft in
      var loft = loft
      loft.rings = loft.rings.map { ring in
        raster_ring(
          center: moved(ring.center, by: position), lateral: moved(ring.lateral, by: .zero),
          depth: moved(ring.depth, by: .zero), along: ring.along)
      }
      return loft
    }
  }

  // MARK: Parts

  private mutating func addLegs() {
    let build = identity.body.build
    let skin = plain(identity.skin, relief: 0.05)
    let cloth = identity.lower.material
    for index in 0..<2 {
      let hip = pose.hips[index]
      let knee = pose.knees[index]
      let ankle = pose.ankles[index]
      let calf = knee.mixed(with: ankle, 0.3) - Vector(0, 0, 0.012 * scale)
      let path = [
        hip + Vector(0, 0.03 * scale, 0), hip.mixed(with: knee, 0.35), hip.mixed(with: knee, 0.75),
        knee, calf, knee.mixed(with: ankle, 0.75), ankle - Vector(0, 0.01 * scale, 0),
      ]
      let bare: [Float] = [0.07, 0.082, 0.062, 0.056, 0.056, 0.042, 0.038]
      let thickness = scale * (0.55 + 0.45 * build)
      func tube(_ extra: [Float], _ range: Range<Int>, _ material: raster_material) -> Loft {
        Loft(
          through: Array(path[range]),
          radii: range.map { ring in
            let radius = bare[ring] * thickness + extra[ring] * scale
            return (radius, radius * 1.06)
          }, lateral: side, material: material)
      }
      switch identity.lowerCut {
      case .trousers:
        lofts.append(tube([0.01, 0.01, 0.012, 0.012, 0.010, 0.014, 0.016], 0..<7, cloth))
      case .wideTrousers:
        lofts.append(tube([0.015, 0.018, 0.026, 0.03, 0.032, 0.046, 0.056], 0..<7, cloth))
      case .shorts:
        lofts.append(tube([0, 0, 0, 0, 0, 0, 0], 2..<7, skin))
        lofts.append(tube([0.014, 0.02, 0.034, 0.036, 0, 0, 0], 0..<4, cloth))
      case .skirt:
        lofts.append(tube([0, 0, 0, 0, 0, 0, 0], 1..<7, skin))
      }
      addShoe(index)
    }
    let hips = identity.body.hips * (0.6 + 0.4 * build) * scale
    lofts.append(
      Loft(
        through: [-0.1, -0.06, 0.0, 0.08, 0.15].map { onSpine($0) },
        radii: [(0.05, 0.05), (0.15, 0.11), (0.178, 0.125), (0.168, 0.12), (0.155, 0.11)].map {
          ($0.0 * hips, $0.1 * hips)
        }, lateral: side, material: cloth))
    if identity.lowerCut == .skirt {
      let spread = stepSpread * 0.55
      lofts.append(
        Loft(
          through: [0.12, 0.0, -0.2, -0.44].map { pose.pelvis + Vector(0, $0 * scale, 0) },
          radii: [(0.158, 0.115), (0.185, 0.135), (0.2, 0.15), (0.215, 0.16)].enumerated().map {
            ($1.0 * hips, $1.1 * hips + spread * Float($0) / 3)
          }, lateral: side, material: cloth))
    }
  }

  /// A point above the hip joints on the spine, or straight below them.
  private func onSpine(_ height: Float) -> Vector {
    pose.pelvis + (height < 0 ? Vector(0, 1, 0) : pose.spine) * (height * scale)
  }

  /// How far a foot is ahead of the hips, in metres.
  private var stepSpread: Float {
    max(abs(pose.knees[0].z - pose.pelvis.z), abs(pose.knees[1].z - pose.pelvis.z))
  }

  private mutating func addShoe(_ leg: Int) {
    let direction = pose.feet[leg]
    let ankle = pose.ankles[leg] - Vector(0, 0.035 * scale, 0)
    let marks: [(Float, Float, Float)] = [
      (-0.075, 0.03, 0.035), (-0.03, 0.04, 0.05), (0.05, 0.045, 0.042), (0.12, 0.05, 0.03),
      (0.18, 0.035, 0.022),
    ]
    lofts.append(
      Loft(
        through: marks.map { mark in
          ankle + direction * (mark.0 * scale) + Vector(0, (mark.2 - 0.042) * scale, 0)
        }, radii: marks.map { ($0.1 * scale, $0.2 * scale) }, lateral: side,
        material: plain(identity.shoes, relief: 0.1), isClosed: true))
  }

  private mutating func addTorso() {
    let build = identity.body.build
    let chest = scale * (0.55 + 0.45 * build)
    let shoulders = scale * identity.body.shoulders * (0.75 + 0.25 * build)
    let hips = scale * identity.body.hips * (0.6 + 0.4 * build)
    // Height above the hip joints, half widths to the side and to the front.
    var marks: [(Float, Float, Float)] = [
      (0.08, 0.184 * hips, 0.14 * hips), (0.2, 0.162 * chest, 0.125 * chest * build.squareRoot()),
      (0.33, 0.176 * chest, 0.132 * chest), (0.42, 0.184 * shoulders, 0.124 * chest),
      (0.47, 0.18 * shoulders, 0.105 * chest), (0.51, 0.13 * shoulders, 0.085 * chest),
      (0.54, 0.068 * scale, 0.066 * scale), (0.565, 0.062 * scale, 0.062 * scale),
    ]
    switch identity.upperLength {
    case .waist: break
    case .hip:
      marks.insert((-0.06, 0.206 * hips, 0.155 * hips + 0.14 * stepSpread), at: 0)
      marks[1].2 += 0.05 * stepSpread
    case .thigh, .knee:
      let spread = stepSpread
      let isLong = identity.upperLength == .knee
      marks.insert((-0.02, 0.197 * hips, 0.152 * hips), at: 0)
      marks.insert((-0.26, 0.212 * hips, 0.16 * hips + 0.3 * spread), at: 0)
      if isLong { marks.insert((-0.46, 0.226 * hips, 0.17 * hips + 0.5 * spread), at: 0) }
    }
    lofts.append(
      Loft(
        through: marks.map { onSpine($0.0) }, radii: marks.map { ($0.1, $0.2) }, lateral: side,
        material: identity.upper.material))
  }

  private mutating func addArms() {
    let build = 0.5 + 0.5 * identity.body.build
    let skin = plain(identity.skin, relief: 0.05)
    var sleeve = identity.upper.material
    // A panel is the front of the body, and a block colour follows the body's height.
    if sleeve.pattern == RASTER_PANEL || sleeve.pattern == RASTER_BLOCK {
      if sleeve.pattern == RASTER_BLOCK { sleeve.base = sleeve.second }
      sleeve.pattern = Int32(RASTER_PLAIN)
    }
    for arm in 0..<2 {
      let shoulder = pose.shoulders[arm]
      let elbow = pose.elbows[arm]
      let wrist = pose.wrists[arm]
      let path = [
        shoulder - Vector(0, 0.012 * scale, 0), shoulder.mixed(with: elbow, 0.3),
        shoulder.mixed(with: elbow, 0.62), elbow, elbow.mixed(with: wrist, 0.4), wrist,
      ]
      let bare: [Float] = [0.046, 0.052, 0.046, 0.042, 0.04, 0.03]
      func tube(_ extra: Float, _ range: Range<Int>, _ material: raster_material) -> Loft {
        Loft(
          through: Array(path[range]),
          radii: range.map { ring in
            let radius = (bare[ring] * build + extra) * scale
            return (radius, radius)
          }, lateral: side, material: material, isClosed: true)
      }
      if identity.hasLongSleeves {
        lofts.append(tube(0.016, 0..<6, sleeve))
      } else {
        lofts.append(tube(0, 1..<6, skin))
        lofts.append(tube(0.018, 0..<3, sleeve))
      }
      let reach = (wrist - elbow).normalized
      lofts.append(
        Loft(
          center: wrist + reach * (0.07 * scale),
          axes: (
            side * (0.026 * scale), reach * (0.085 * scale),
            side.cross(reach).normalized * (0.045 * scale)
          ), material: skin))
    }
  }

  private mutating func addHead() {
    let size = scale * identity.body.head
    let skin = plain(identity.skin, relief: 0.05)
    let head = pose.head
    let up = Vector(0, 1, 0)
    let front = Vector(0, 0, 1)
    lofts.append(
      Loft(
        through: [head - Vector(0, 0.21 * scale, 0.02 * scale), head - Vector(0, 0.07 * size, 0)],
        radii: [(0.056 * scale, 0.056 * scale), (0.05 * size, 0.052 * size)], lateral: side,
        material: skin))
    lofts.append(
      Loft(
        center: head, axes: (side * (0.076 * size), up * (0.118 * size), front * (0.094 * size)),
        material: skin))
    let hair = plain(identity.hairColor, relief: 0.3)
    func cap(_ growth: Float, tilt: Float, from start: Float, _ material: raster_material) {
      let turn = Turn(tilt)
      let axis = Vector(0, turn.cosine, -turn.sine)
      lofts.append(
        Loft(
          cupOn: head + Vector(0, 0.004, -0.006) * size,
          axes: (
            side * (0.078 * size * growth), axis * (0.116 * size * growth),
            side.cross(axis).normalized * (0.100 * size * growth)
          ), from: start, material: material))
    }
    func nape(_ material: raster_material) {
      lofts.append(
        Loft(
          center: head + Vector(0, -0.015, -0.042) * size,
          axes: (side * (0.073 * size), up * (0.075 * size), front * (0.06 * size)),
          material: material))
    }
    switch identity.hair {
    case .bald: break
    case .short:
      cap(1.13, tilt: 0.42, from: 0.06, hair)
      nape(hair)
    case .beanie: cap(1.16, tilt: 0.3, from: 0.12, hair)
    case .bun:
      cap(1.13, tilt: 0.42, from: 0.06, hair)
      nape(hair)
      lofts.append(
        Loft(
          center: head + Vector(0, 0.06, -0.115) * size,
          axes: (side * (0.045 * size), up * (0.045 * size), front * (0.045 * size)),
          material: hair))
    case .long:
      cap(1.14, tilt: 0.42, from: 0.04, hair)
      lofts.append(
        Loft(
          through: [
            Vector(0, 0.03, -0.05), Vector(0, -0.08, -0.065), Vector(0, -0.18, -0.085),
            Vector(0, -0.27, -0.105),
          ].map { head + $0 * size },
          radii: [(0.085, 0.055), (0.1, 0.06), (0.105, 0.05), (0.075, 0.03)].map {
            ($0.0 * size, $0.1 * size)
          }, lateral: side, material: hair))
    case .hood:
      var cloth = identity.upper.material
      cloth.pattern = Int32(RASTER_PLAIN)
      cap(1.2, tilt: 0.7, from: -0.25, cloth)
      lofts.append(
        Loft(
          through: [
            head + Vector(0, -0.05, -0.05) * size, head + Vector(0, -0.13, -0.045) * size,
            head + Vector(0, -0.2, -0.03) * size,
          ], radii: [(0.1, 0.085), (0.1, 0.09), (0.125, 0.1)].map { ($0.0 * size, $0.1 * size) },
          lateral: side, material: cloth))
    }
  }

  private mutating func addLuggage() {
    let material = plain(identity.luggageColor, relief: 0.2)
    func onBody(_ x: Float, _ y: Float, _ z: Float) -> Vector {
      pose.pelvis + pose.spine * (y * scale) + Vector(x * scale, 0, z * scale)
    }
    func box(_ center: Vector, _ half: Vector) {
      var loft = Loft(
        through: [-half.y, -half.y * 0.6, half.y * 0.6, half.y].map {
          center + pose.spine * ($0 * scale)
        },
        radii: [0.9, 1, 1, 0.85].map { (half.x * $0 * scale, half.z * $0 * scale) }, lateral: side,
        material: material, isClosed: true)
      loft.power = 4
      lofts.append(loft)
    }
    func strap(_ points: [Vector], _ radius: Float) {
      lofts.append(
        Loft(
          through: points, radii: points.map { _ in (radius * scale, radius * scale) },
          lateral: side, material: material))
    }
    let depth = 0.125 * (0.55 + 0.45 * identity.body.build)
    switch identity.luggage {
    case .none: break
    case .rucksack:
      box(onBody(0, 0.3, -depth - 0.085), Vector(0.145, 0.2, 0.085))
      for out in [Float(-1), 1] {
        strap(
          [
            onBody(out * 0.09, 0.5, -0.1), onBody(out * 0.1, 0.535, 0),
            onBody(out * 0.115, 0.46, depth - 0.01), onBody(out * 0.125, 0.32, depth + 0.008),
            onBody(out * 0.16, 0.17, depth * 0.5),
          ], 0.02)
      }
    case .shoulderBag:
      box(onBody(0.235, 0.02, 0.02), Vector(0.05, 0.11, 0.13))
      strap(
        [
          onBody(0.2, 0.12, -0.09), onBody(0.05, 0.32, -depth - 0.01), onBody(-0.09, 0.5, -0.06),
          onBody(-0.1, 0.53, 0.0), onBody(-0.07, 0.46, depth - 0.02),
          onBody(0.06, 0.3, depth + 0.012), onBody(0.2, 0.12, 0.09),
        ], 0.016)
    case .handbag:
      box(pose.wrists[1] - Vector(0, 0.2 * scale, 0), Vector(0.045, 0.12, 0.15))
    }
  }

  /// A surface of one colour.
  private func plain(_ color: Vector, relief: Float) -> raster_material {
    raster_material(
      base: color.raster, second: color.raster, pattern: Int32(RASTER_PLAIN), period: 1, split: 0,
      relief: relief, seed: identity.upper.seed >> 5)
  }
}
