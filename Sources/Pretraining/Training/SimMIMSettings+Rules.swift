import Backbones
import Layers
import Losses
import Optimizers
import Recipes
import Tensors

extension SimMIMSettings {
  /// Whether one of so many videos is kept from masked modelling.
  func holdsOut(ofVideos videos: Int) -> Bool {
    switch holdOut {
    case .automatic: videos >= 8
    case .always: videos >= 2
    case .never: false
    }
  }

  /// What the network is to reconstruct of normalised pictures.
  func target(of images: Tensor) -> Tensor {
    switch target {
    case .plain: images
    case .window47: WindowStandardization(of: images).standardized(images)
    }
  }

  /// Whether weight decay acts on a parameter, by the path it has in a `PretrainingModel`.
  ///
  /// The released code names what it exempts by names without the prefix that its tensors have, so the
  /// tables of relative positions decay, and of vision transformers the mask token.
  func decays(_ path: String, _ parameter: Parameter, token: MaskTokenRules) -> Bool {
    guard decay == .release else { return parameter.decays }
    if path.hasSuffix(RelativePositionBias.tableName) { return true }
    if path.hasSuffix("mask_token") { return token.decaysInRelease }
    return parameter.decays
  }

  /// The learning rate of a step of a stage of `steps` steps.
  func rate(at step: Int, of steps: Int) -> Float {
    let warmup = Int(Double(steps) * warmupFraction)
    switch schedule {
    case .cosine:
      return WarmupCosine(
        total: steps, warmup: warmup, peak: Float(learningRate), start: Float(warmupStartRate),
        minimum: Float(minimumRate)
      ).rate(at: step)
    case .step:
      return WarmupStep(
        warmup: warmup, peak: Float(learningRate), start: Float(warmupStartRate),
        drop: Int((Double(steps) * dropFraction).rounded())
      ).rate(at: step)
    }
  }
}
