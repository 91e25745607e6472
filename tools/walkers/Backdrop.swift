import CRaster
import Foundation

/// The fixed scene of one camera: grey ground, a building front, sky and street furniture.
///
/// The ground stays grey in every camera, so that a crop's surroundings say little about it.
struct Backdrop {
  private let viewpoint: Viewpoint
  private let noise: Noise
  private let shift: Vector
  private let groundLevel: Float
  private let slab: Vector
  private let isLaneMarked: Bool
  private let laneAt: Float
  private let wallColor: Vector
  private let isBrick: Bool
  private let storey: Float
  private let windowWidth: Float
  private let wallHeight: Float
  private let glass: Vector
  private let kerbAt: Float
  /// Posts, boxes and bollards.
  let furniture: [Loft]

  /// Draws the scene of a camera.
  init(viewpoint: Viewpoint, noise: Noise, seed: UInt64) {
    var random = CounterGenerator(seed: seed, .backdrop, viewpoint.number)
    self.viewpoint = viewpoint
    self.noise = noise
    shift = Vector(random.uniform(0, 256), random.uniform(0, 256), random.uniform(0, 256))
    groundLevel = random.uniform(0.47, 0.55)
    slab = Vector(random.uniform(0.5, 1.4), 0, random.uniform(0.5, 1.4))
    isLaneMarked = random.chance(0.4)
    laneAt = random.uniform(9, 13)
    kerbAt = viewpoint.wallDistance - random.uniform(1.5, 3)
    let muted: [Vector] = [
      Vector(0.55, 0.53, 0.50), Vector(0.47, 0.40, 0.36), Vector(0.60, 0.57, 0.50),
      Vector(0.42, 0.44, 0.46), Vector(0.50, 0.47, 0.44), Vector(0.63, 0.62, 0.60),
    ]
    wallColor = Palette.near(muted[Int(random.uniform(0, 5.99))], 0.02, &random)
    isBrick = random.chance(0.4)
    storey = random.uniform(2.9, 3.6)
    windowWidth = random.uniform(2.2, 3.6)
    wallHeight = random.uniform(5, 11)
    glass = Vector(0.20, 0.23, 0.26) * random.uniform(0.7, 1.3)
    furniture = Self.furnish(viewpoint, &random)
  }

  /// Scene colours of every pixel and whether it shows ground.
  func render() -> (colors: [Float], ground: [UInt8]) {
    let width = viewpoint.width
    let height = viewpoint.pictureHeight
    var colors = [Float](repeating: 0, count: width * height * 3)
    var ground = [UInt8](repeating: 0, count: width * height)
    for y in 0..<height {
      for x in 0..<width {
        var sum = Vector(repeating: 0)
        var grounded = 0
        for corner in 0..<4 {
          let (color, isGround) = scene(
            viewpoint.ray(
              x: Float(x) + 0.25 + 0.5 * Float(corner % 2),
              y: Float(y) + 0.25 + 0.5 * Float(corner / 2)))
          sum += color
          grounded += isGround ? 1 : 0
        }
        let index = y * width + x
        colors[index * 3] = sum.x / 4
        colors[index * 3 + 1] = sum.y / 4
        colors[index * 3 + 2] = sum.z / 4
        ground[index] = grounded >= 3 ? 1 : 0
      }
    }
    return (colors, ground)
  }

  /// Brightness of the light at a place on the ground: sun and the shade of trees and houses.
  func daylight(x: Float, z: Float) -> Float {
    let shade = noise.at(shift.y + x * 0.33, shift.x + z * 0.33)
    return 1.06 - 0.42 * ((0.6 - shade) * 5).clamped(0, 1)
  }

  // MARK: Surfaces

  private func scene(_ ray: Vector) -> (Vector, Bool) {
    let wall = viewpoint.wallDistance
    if ray.y < 0 {
      let reach = viewpoint.height / -ray.y
      if reach * ray.z < wall {
        return (ground(x: reach * ray.x, z: reach * ray.z, footprint: reach), true)
      }
    }
    let reach = wall / ray.z
    let x = reach * ray.x
    let y = viewpoint.height + reach * ray.y
    return (y < wallHeight ? facade(x: x, y: max(0, y)) : sky(ray), false)
  }

  private func ground(x: Float, z: Float, footprint: Float) -> Vector {
    let spots = noise.at(shift.x + x * 22, shift.y + z * 22) - 0.5
    let stains = noise.at(shift.y + x * 0.9, shift.z + z * 0.9) - 0.5
    let broad = noise.at(shift.z + x * 0.23, shift.x + z * 0.23) - 0.5
    let fade = min(1, 9 / footprint)
    var level = groundLevel + 0.10 * spots * fade + 0.05 * stains + 0.06 * broad
    let isPavement = z > kerbAt
    if isPavement { level += 0.05 }
    if abs(z - kerbAt) < 0.09 { level += 0.1 }
    let joint: Float = 0.016
    let across = x / slab.x - (x / slab.x).rounded(.down)
    let deep = z / slab.z - (z / slab.z).rounded(.down)
    if across * slab.x < joint || deep * slab.z < joint * 1.5 { level -= 0.09 * fade }
    if isLaneMarked, abs(z - laneAt) < 0.06, x - (x / 3).rounded(.down) * 3 < 1.8 { level += 0.2 }
    level *= daylight(x: x, z: z)
    return Vector(level * 1.005, level, level * 0.99)
  }

  private func facade(x: Float, y: Float) -> Vector {
    let grain = noise.at(shift.x + x * 9, shift.z + y * 9) - 0.5
    var color = wallColor * (1 + 0.14 * grain)
    if isBrick {
      let row = (y / 0.16).rounded(.down)
      let offset = Int(row) % 2 == 0 ? Float(0) : 0.2
      let brick = ((x + offset) / 0.4).rounded(.down)
      color *= 0.94 + 0.16 * noise.at(brick * 1.7 + shift.y, row * 1.3)
    }
    if y < 0.5 { return color * 0.7 }
    let floor = (y / storey).rounded(.down)
    let column = (x / windowWidth).rounded(.down)
    let u = x - column * windowWidth
    let v = y - floor * storey
    let isDoor = floor == 0 && noise.at(column * 3.1 + shift.x, 7) > 0.62
    let (low, high, left): (Float, Float, Float) =
      isDoor ? (0, 2.2, windowWidth * 0.32) : (0.95, 2.35, windowWidth * 0.22)
    if v > low, v < high, u > left, u < windowWidth - left {
      let frame: Float = 0.07
      let isFrame =
        v < low + frame || v > high - frame || u < left + frame || u > windowWidth - left - frame
        || abs(u - windowWidth / 2) < 0.03
      if isFrame { return isDoor ? color * 0.5 : Vector(0.72, 0.72, 0.7) }
      if isDoor { return Vector(0.24, 0.2, 0.18) }
      let gleam = noise.at(column * 5.3 + v * 0.8, floor * 2.9 + u * 0.5 + shift.y)
      return glass * (0.7 + 0.9 * gleam)
    }
    return color
  }

  private func sky(_ ray: Vector) -> Vector {
    let rise = (ray.y / ray.length).clamped(0, 1)
    return Vector(0.80, 0.83, 0.87).mixed(with: Vector(0.62, 0.70, 0.82), rise * 2)
  }

  // MARK: Furniture

  private static func furnish(
    _ viewpoint: Viewpoint, _ random: inout CounterGenerator
  ) -> [Loft] {
    var lofts: [Loft] = []
    let side = Vector(1, 0, 0)
    func material(_ color: Vector) -> raster_material {
      raster_material(
        base: color.raster, second: color.raster, pattern: Int32(RASTER_PLAIN), period: 1,
        split: 0, relief: 0.08, seed: UInt32(viewpoint.number) &* 977)
    }
    func box(_ center: Vector, _ half: Vector, _ color: Vector) {
      var loft = Loft(
        through: [center - Vector(0, half.y, 0), center + Vector(0, half.y, 0)],
        radii: [(half.x, half.z), (half.x, half.z)], lateral: side, material: material(color),
        isClosed: true)
      loft.power = 12
      loft.sides = 16
      lofts.append(loft)
    }
    // A post in front of the walkers hides a strip of each who passes behind it.
    let distance = random.uniform(4.5, 7)
    let reach = viewpoint.halfWidth(at: distance)
    let x = random.uniform(0.15, 0.75) * reach * (random.chance(0.5) ? 1 : -1)
    let radius = random.uniform(0.05, 0.1)
    let grey = Vector(repeating: random.uniform(0.2, 0.45))
    lofts.append(
      Loft(
        through: [Vector(x, 0, distance), Vector(x, 6, distance)],
        radii: [(radius, radius), (radius * 0.8, radius * 0.8)], lateral: side,
        material: material(grey)))
    if random.chance(0.5) {
      box(Vector(x, 2.4, distance - 0.05), Vector(0.22, 0.3, 0.02), Vector(0.55, 0.56, 0.6))
    }
    let wall = viewpoint.wallDistance
    let edge = viewpoint.halfWidth(at: wall - 1)
    for _ in 0..<2 {
      let place = Vector(random.uniform(-0.9, 0.9) * edge, 0, wall - random.uniform(0.6, 1.2))
      switch random.choice([(0, 1), (1, 1), (2, 1)]) {
      case 0:
        box(place + Vector(0, 0.3, 0), Vector(0.8, 0.3, 0.3), Vector(0.42, 0.41, 0.40))
        box(place + Vector(0, 0.75, 0), Vector(0.7, 0.22, 0.25), Vector(0.22, 0.28, 0.19))
      case 1:
        box(place + Vector(0, 0.5, 0), Vector(0.3, 0.5, 0.3), Vector(0.25, 0.27, 0.27))
      default:
        box(place + Vector(0, 0.45, 0), Vector(0.9, 0.05, 0.25), Vector(0.38, 0.30, 0.22))
        box(place + Vector(0, 0.2, 0), Vector(0.7, 0.2, 0.08), Vector(0.3, 0.3, 0.3))
      }
    }
    return lofts
  }
}
