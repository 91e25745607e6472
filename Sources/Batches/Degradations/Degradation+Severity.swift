import Images
public import Tensors

extension Degradation {
  /// Steps that spoil a picture with a given severity, for teaching a network to see it.
  ///
  /// One to three kinds are drawn out of reduction, blur, noise and JPEG, in random order. A kind at
  /// severity 1 is a reduction by 8, a Gaussian blur of 4 pixels, noise of 50 levels or a JPEG of quality
  /// 10; several kinds share the severity, `severity / √count` each. Reductions and enlargements are
  /// bilinear. At severity 0 nothing is done.
  ///
  /// - Parameter severity: 0 none … 1 worst.
  public static func steps(severity: Float, random: inout RandomStream) -> [Degradation] {
    precondition((0...1).contains(severity), "Degradation: severity \(severity)")
    let count = 1 + random.integer(below: 3)
    let order = random.permutation(4)
    guard severity > 0 else { return [] }
    let own = severity / Float(count).squareRoot()
    return order.prefix(count).map { kind in
      switch kind {
      case 0: .resized(factor: 1 + 7 * own, down: .bilinear, up: .bilinear)
      case 1: .blur(.gaussian(sigma: 0.1 + 3.9 * Double(own)))
      case 2: .noise(sigma: 50 * own, isGray: false)
      default: .jpeg(quality: Int((95 - 85 * own).rounded()))
      }
    }
  }
}
