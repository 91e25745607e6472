public import Images
public import Tensors

extension Degradation {
  /// What a picture is spoiled by, for teaching a network to see it.
  public enum Spoiler: String, Sendable, Hashable, CaseIterable {
    /// A reduction, at most by 8.
    case reduction
    /// A Gaussian blur of at most 4 pixels.
    case blur
    /// Noise of at most 50 levels.
    case noise
    /// A JPEG of quality 10 or better.
    case jpeg
  }

  /// One kind with a given severity: 1 is the worst that ``Spoiler`` says.
  ///
  /// Reductions and enlargements are bilinear.
  ///
  /// - Parameter severity: above 0 … 1 worst.
  public static func step(_ kind: Spoiler, severity: Float) -> Degradation {
    precondition(severity > 0 && severity <= 1, "Degradation: severity \(severity)")
    return switch kind {
    case .reduction: .resized(factor: 1 + 7 * severity, down: .bilinear, up: .bilinear)
    case .blur: .blur(.gaussian(sigma: 0.1 + 3.9 * Double(severity)))
    case .noise: .noise(sigma: 50 * severity, isGray: false)
    case .jpeg: .jpeg(quality: Int((95 - 85 * severity).rounded()))
    }
  }

  /// Steps that spoil a picture with a given severity.
  ///
  /// One to three kinds are drawn, in random order; several share the severity, `severity / √count` each. At
  /// severity 0 nothing is done.
  ///
  /// - Parameter severity: 0 none … 1 worst.
  public static func steps(severity: Float, random: inout RandomStream) -> [Degradation] {
    precondition((0...1).contains(severity), "Degradation: severity \(severity)")
    let count = 1 + random.integer(below: 3)
    let order = random.permutation(Spoiler.allCases.count)
    guard severity > 0 else { return [] }
    let own = severity / Float(count).squareRoot()
    return order.prefix(count).map { step(Spoiler.allCases[$0], severity: own) }
  }

  /// A picture spoiled with a given severity by ``steps(severity:random:)``.
  ///
  /// - Parameter severity: 0 none … 1 worst.
  public static func spoiled(
    _ picture: Image, severity: Float, random: inout RandomStream
  ) -> Image {
    var spoiled = FloatPicture(picture)
    for step in steps(severity: severity, random: &random) {
      spoiled = step.applied(to: spoiled, random: &random)
    }
    return spoiled.image
  }
}
