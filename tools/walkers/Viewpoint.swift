import CRaster
import Foundation

/// One camera: where it stands, how the scene is lit, and how it turns light into numbers.
struct Viewpoint {
  /// The camera's number in files, from 1.
  let number: Int
  /// Height of the lens above the ground, in metres.
  let height: Float
  /// Downward tilt, in radians.
  let pitch: Float
  /// Focal length in pixels.
  let focal: Float
  /// Picture size in pixels.
  let width: Int
  let pictureHeight: Int
  var light: raster_light
  var response: raster_response
  /// How dark shadows on the ground are, 0…1.
  let shadowStrength: Float
  /// JPEG quality of stills.
  let quality: Int
  /// Distance of the building that closes the scene, in metres.
  let wallDistance: Float

  /// Draws a camera of a seed.
  ///
  /// - Parameter strength: scales the differences between cameras; 1 is the calibrated default.
  init(number: Int, seed: UInt64, width: Int, height pictureHeight: Int, strength: Float) {
    var random = CounterGenerator(seed: seed, .viewpoint, number)
    self.number = number
    self.width = width
    self.pictureHeight = pictureHeight
    height = random.uniform(2, 5.5)
    focal = random.uniform(600, 850) * Float(pictureHeight) / 480
    let aim = random.uniform(8, 10.5)
    pitch = atan((height - 0.75) / aim)
    wallDistance = random.uniform(17, 22)
    let azimuth = random.uniform(0, 2 * .pi)
    let elevation = random.uniform(0.75, 1.25)
    let diffuse = random.uniform(0.35, 0.7)
    light = raster_light(
      direction: Vector(
        sin(azimuth) * cos(elevation), sin(elevation), cos(azimuth) * cos(elevation)
      ).raster,
      ambient: random.uniform(0.95, 1.05) - 0.6 * diffuse, diffuse: diffuse)
    /// A deviation −1…1, the small ones more likely, as cameras tend to agree.
    func deviation() -> Float {
      (0..<4).reduce(0) { sum, _ in sum + 0.25 * random.uniform(-1, 1) }
    }
    let cast = 0.12 * strength
    let gamma = deviation()
    response = raster_response(
      gain: (
        1 + cast * deviation(), 1 + 0.4 * cast * deviation(), 1 + cast * deviation()
      ),
      gamma: pow(gamma < 0 ? 1 + 0.2 * gamma : 1 + 0.15 * gamma, strength),
      saturation: 1 + strength * random.uniform(-0.3, 0.2), blur: random.uniform(0.03, 0.2),
      noise: random.uniform(1, 4))
    shadowStrength = random.uniform(0.12, 0.3)
    quality = Int(random.uniform(70, 93))
  }

  /// The pinhole for the rasteriser: it stands above the origin and looks along z.
  var camera: raster_camera {
    let turn = Turn(pitch)
    return raster_camera(
      position: Vector(0, height, 0).raster, right: Vector(1, 0, 0).raster,
      down: Vector(0, -turn.cosine, -turn.sine).raster,
      forward: Vector(0, -turn.sine, turn.cosine).raster, focal: focal,
      center_x: Float(width) / 2, center_y: Float(pictureHeight) / 2)
  }

  /// Direction of the ray through a pixel position, not of unit length.
  func ray(x: Float, y: Float) -> Vector {
    let turn = Turn(pitch)
    let right = (x - Float(width) / 2) / focal
    let down = (y - Float(pictureHeight) / 2) / focal
    return Vector(
      right, -turn.sine - down * turn.cosine, turn.cosine - down * turn.sine)
  }

  /// Where the lower border of the picture meets the ground, in metres from the camera.
  var nearestGround: Float {
    let ray = ray(x: Float(width) / 2, y: Float(pictureHeight))
    return height * ray.z / -ray.y
  }

  /// Half the width of the visible ground at a distance, in metres.
  func halfWidth(at distance: Float) -> Float {
    let turn = Turn(pitch)
    let depth = distance * turn.cosine + height * turn.sine
    return depth * Float(width) / 2 / focal
  }

  /// Height in pixels of a standing person at a distance, about.
  func personHeight(at distance: Float) -> Float {
    let turn = Turn(pitch)
    return 1.7 * focal * turn.cosine / (distance * turn.cosine + (height - 0.85) * turn.sine)
  }
}
