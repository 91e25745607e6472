import Foundation

/// The joints of a walking person at one moment, in the person's own frame.
///
/// Metres; x to the side, y up from the ground, z the way the person walks; index 0 and 1 are the
/// two sides of the body.
struct Pose {
  /// Middle between the hip joints.
  let pelvis: Vector
  /// Direction from pelvis to neck.
  let spine: Vector
  /// Point on the spine between the shoulder joints.
  let chest: Vector
  let head: Vector
  let hips: [Vector]
  let knees: [Vector]
  let ankles: [Vector]
  /// Direction from heel to toe.
  let feet: [Vector]
  let shoulders: [Vector]
  let elbows: [Vector]
  let wrists: [Vector]
  /// Factor from a body of 1.75 m to this one.
  let scale: Float

  /// The pose at a gait phase.
  ///
  /// - Parameters:
  ///   - identity: whose body and gait.
  ///   - phase: radians; a full turn is two steps.
  init(_ identity: Identity, phase: Float) {
    let body = identity.body
    let gait = identity.gait
    let scale = body.height / 1.75
    self.scale = scale
    let thigh = 0.435 * scale * body.legs
    let shank = 0.425 * scale * body.legs
    let sole = 0.075 * scale

    // Legs relative to the pelvis first: the lower foot then decides the height of the pelvis.
    let hipHalf = 0.088 * scale * body.hips
    var hips: [Vector] = []
    var knees: [Vector] = []
    var ankles: [Vector] = []
    var feet: [Vector] = []
    for side in 0..<2 {
      let own = phase + Float(side) * .pi
      let swing = gait.stride * sin(own) + 0.06
      let bend = 0.08 + 0.78 * pow(max(0, cos(own + 0.5)), 1.8)
      let hip = Vector(side == 0 ? -hipHalf : hipHalf, 0, 0)
      let inward = (side == 0 ? 1 : -1) * 0.02 * scale
      let knee = hip + Vector(inward, -cos(swing) * thigh, sin(swing) * thigh)
      let ankle =
        knee + Vector(inward * 0.5, -cos(swing - bend) * shank, sin(swing - bend) * shank)
      // The toe drops while the leg swings through and lifts a little before it lands.
      let pitch = 0.75 * (swing - bend) + (sin(own) > 0 ? 0.3 * sin(own) : 0)
      hips.append(hip)
      knees.append(knee)
      ankles.append(ankle)
      feet.append(Vector(-inward * 4, sin(pitch.clamped(-0.9, 0.4)), 1).normalized)
    }
    let lowest = zip(ankles, feet).map { ankle, foot in
      min(ankle.y, ankle.y + foot.y * 0.16 * scale)
    }
    let height = sole - min(lowest[0], lowest[1])
    let sway = 0.015 * scale * sin(phase)
    let pelvis = Vector(sway, height, 0)
    self.pelvis = pelvis
    self.hips = hips.map { $0 + pelvis }
    self.knees = knees.map { $0 + pelvis }
    self.ankles = ankles.map { $0 + pelvis }
    self.feet = feet

    spine = Vector(-sway * 0.6, cos(gait.lean), sin(gait.lean)).normalized
    let shoulderHeight = 0.475 * scale
    chest = pelvis + spine * shoulderHeight
    head =
      pelvis + spine * (0.50 * scale) + Vector(0, 0.195 * scale, 0.015 * scale)

    let twist = Turn(-0.13 * sin(phase))
    let shoulderHalf = 0.165 * scale * body.shoulders * (0.75 + 0.25 * body.build)
    var shoulders: [Vector] = []
    var elbows: [Vector] = []
    var wrists: [Vector] = []
    for side in 0..<2 {
      let out: Float = side == 0 ? -1 : 1
      let shoulder = chest + Vector(out * shoulderHalf, 0, 0).turned(twist)
      // An arm swings against the leg of its side.
      let swing = -gait.armSwing * sin(phase + Float(side) * .pi) + 0.03
      let bend = gait.elbow + 0.35 * max(0, swing)
      let spread = 0.10 + 0.1 * (body.build - 1)
      let elbow =
        shoulder + Vector(out * spread, -cos(swing), sin(swing)).normalized * (0.295 * scale)
      let wrist =
        elbow
        + Vector(out * 0.02, -cos(swing + bend), sin(swing + bend)).normalized * (0.255 * scale)
      shoulders.append(shoulder)
      elbows.append(elbow)
      wrists.append(wrist)
    }
    self.shoulders = shoulders
    self.elbows = elbows
    self.wrists = wrists
  }
}
