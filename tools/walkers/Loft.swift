import CRaster
import Foundation

/// A tube of elliptical rings with one material: the building block of figures and street furniture.
struct Loft {
  /// The rings, from one end to the other.
  var rings: [raster_ring]
  /// Facets around the tube.
  var sides: Int32 = 12
  /// 2 is an ellipse, 4 nearly a box.
  var power: Float = 2
  /// Colours and pattern.
  var material: raster_material

  /// A tube through points: each ring stands across the path.
  ///
  /// - Parameters:
  ///   - path: centres of the rings.
  ///   - radii: per ring the half widths along `lateral` and across it, in metres.
  ///   - lateral: the direction, roughly, of the first half width; not along the path.
  ///   - isClosed: adds a rounded cap to both ends.
  init(
    through path: [Vector], radii: [(Float, Float)], lateral: Vector, material: raster_material,
    isClosed: Bool = false
  ) {
    precondition(
      path.count == radii.count && path.count >= 2,
      "Loft: \(path.count) points but \(radii.count) radii; at least two of both are needed")
    rings = []
    var along: Float = 0
    for index in path.indices {
      let before = path[max(index - 1, 0)]
      let after = path[min(index + 1, path.count - 1)]
      let tangent = (after - before).normalized
      let depth = lateral.cross(tangent).normalized
      let side = tangent.cross(depth).normalized
      if index > 0 { along += (path[index] - path[index - 1]).length }
      let ring = raster_ring(
        center: path[index].raster, lateral: (side * radii[index].0).raster,
        depth: (depth * radii[index].1).raster, along: along)
      if isClosed && index == 0 { rings += Self.cap(of: ring, outward: -tangent).reversed() }
      rings.append(ring)
      if isClosed && index == path.count - 1 { rings += Self.cap(of: ring, outward: tangent) }
    }
    self.material = material
  }

  /// An ellipsoid about a centre with three half axes at right angles.
  init(center: Vector, axes: (Vector, Vector, Vector), material: raster_material) {
    self.init(
      cupOn: center, axes: axes, from: -1, material: material)
  }

  /// The part of an ellipsoid beyond a share (−1…1) of its second axis.
  init(
    cupOn center: Vector, axes: (Vector, Vector, Vector), from start: Float,
    material: raster_material
  ) {
    let steps = 7
    rings = (0...steps).map { step in
      // Even steps of the angle put more rings where the surface turns fastest.
      let angle = acos(start) * (1 - Float(step) / Float(steps))
      let height = cos(angle)
      let radius = max(0, 1 - height * height).squareRoot()
      return raster_ring(
        center: (center + axes.1 * height).raster, lateral: (axes.0 * radius).raster,
        depth: (axes.2 * radius).raster, along: height * axes.1.length)
    }
    self.material = material
  }

  /// Two smaller rings that round off an end.
  private static func cap(of ring: raster_ring, outward: Vector) -> [raster_ring] {
    let lateral = Vector(ring.lateral.x, ring.lateral.y, ring.lateral.z)
    let depth = Vector(ring.depth.x, ring.depth.y, ring.depth.z)
    let center = Vector(ring.center.x, ring.center.y, ring.center.z)
    let bulge = 0.35 * min(lateral.length, depth.length)
    return [(Float(0.75), Float(0.7)), (0, 1)].map { scale, reach in
      raster_ring(
        center: (center + outward * bulge * reach).raster, lateral: (lateral * scale).raster,
        depth: (depth * scale).raster, along: ring.along)
    }
  }
}
