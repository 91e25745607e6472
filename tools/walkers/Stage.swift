import CRaster
import Images

/// Renders the frames of one camera: its fixed scene and the people who walk through it.
final class Stage {
  /// The camera.
  let viewpoint: Viewpoint
  /// Who walks when.
  let timetable: Timetable
  private let people: [Identity]
  private let noise: Noise
  private let seed: UInt64
  private let backdrop: Backdrop
  private let layer: OpaquePointer
  private let frame: OpaquePointer

  /// Sets up the scene.
  ///
  /// - Throws: ``WalkersError/outOfMemory`` when the buffers cannot be had.
  init(
    viewpoint: Viewpoint, people: [Identity], timetable: Timetable, noise: Noise, seed: UInt64
  ) throws(WalkersError) {
    self.viewpoint = viewpoint
    self.people = people
    self.timetable = timetable
    self.noise = noise
    self.seed = seed
    let width = Int32(viewpoint.width)
    let height = Int32(viewpoint.pictureHeight)
    backdrop = Backdrop(viewpoint: viewpoint, noise: noise, seed: seed)
    let (colors, ground) = backdrop.render()
    guard let layer = raster_layer_create(width, height) else { throw .outOfMemory }
    guard let frame = raster_frame_create(width, height, colors, ground) else {
      raster_layer_destroy(layer)
      throw .outOfMemory
    }
    self.layer = layer
    self.frame = frame
    var camera = viewpoint.camera
    var light = viewpoint.light
    draw(backdrop.furniture, &camera, &light)
    raster_frame_fix(frame, layer)
    raster_layer_clear(layer)
    var response = viewpoint.response
    raster_frame_prepare(frame, &response)
  }

  deinit {
    raster_layer_destroy(layer)
    raster_frame_destroy(frame)
  }

  /// Renders the picture at a time in seconds, with the truth about everybody in it.
  func picture(
    at time: Float, frameNumber: Int
  ) -> (image: Image, truth: [GroundTruth]) {
    let width = viewpoint.width
    let height = viewpoint.pictureHeight
    var camera = viewpoint.camera
    var light = viewpoint.light
    var response = viewpoint.response
    raster_frame_begin(frame)
    var drawn: [(walk: Int, extent: raster_extent, samples: Int32)] = []
    for (index, walk) in timetable.walks.enumerated() where walk.start <= time {
      let identity = people[walk.person]
      let stride = 4 * identity.body.height * 0.49 * identity.gait.stride * 0.92
      guard let state = walk.state(at: time, strideMetres: stride) else { continue }
      let figure = Figure(identity, phase: state.phase)
        .placed(at: state.position, heading: state.heading)
      let daylight = backdrop.daylight(x: state.position.x, z: state.position.z)
      light.ambient = viewpoint.light.ambient * daylight
      light.diffuse = viewpoint.light.diffuse * daylight
      draw(figure, &camera, &light)
      let samples = raster_frame_merge(frame, layer, Int32(drawn.count))
      if samples > 0 {
        drawn.append((index, raster_layer_extent(layer), samples))
        for loft in figure {
          raster_frame_shadow(
            frame, &camera, &light, loft.rings, Int32(loft.rings.count), 8, loft.power)
        }
      }
      raster_layer_clear(layer)
    }
    let truth = drawn.enumerated().map { owner, entry in
      let extent = entry.extent
      let visible = raster_frame_visible(frame, Int32(owner), extent)
      let left = Double(extent.left)
      let top = Double(extent.top)
      let boxWidth = Double(extent.right - extent.left)
      let boxHeight = Double(extent.bottom - extent.top)
      let inside =
        max(0, min(Double(width), left + boxWidth) - max(0, left))
        * max(0, min(Double(height), top + boxHeight) - max(0, top))
      return GroundTruth(
        identity: people[timetable.walks[entry.walk].person].number, walk: entry.walk, left: left,
        top: top, width: boxWidth, height: boxHeight,
        visibility: Double(visible) / Double(entry.samples) * inside / (boxWidth * boxHeight))
    }
    var random = CounterGenerator(seed: seed, .sensorNoise, viewpoint.number, frameNumber)
    let noiseSeed = UInt32(truncatingIfNeeded: random.next())
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      raster_frame_develop(
        frame, &response, viewpoint.shadowStrength, noiseSeed, buffer.baseAddress)
      count = width * height * 3
    }
    return (Image(width: width, height: height, pixels: pixels), truth)
  }

  private func draw(_ lofts: [Loft], _ camera: inout raster_camera, _ light: inout raster_light) {
    for loft in lofts {
      var material = loft.material
      raster_layer_loft(
        layer, &camera, &light, loft.rings, Int32(loft.rings.count), loft.sides, loft.power,
        &material, noise.values)
    }
  }
}
