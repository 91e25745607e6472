import Losses
import Recipes

extension PairContrast {
  /// The loss by the recipe's settings; cycle association, which weighs no pairs, is read as `p`.
  init(_ settings: ISRSettings) {
    let reliability: Reliability =
      switch settings.reliability {
      case .none: .none
      case .dustbin: .dustbin
      case .p, .cycas: .probability
      }
    self.init(
      temperature: Float(settings.temperature), exponent: Float(settings.reliabilityExponent),
      reliability: reliability, usesSameFrameNegatives: settings.sameFrameNegatives)
  }
}
