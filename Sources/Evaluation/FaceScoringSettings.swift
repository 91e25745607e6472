public import Metrics

/// How faces are scored, apart from the data and the model.
public struct FaceScoringSettings: Sendable, Encodable {
  /// How a picture and its mirror image become one vector.
  public var fusion: FeatureFusion
  /// Rows that probes, and the second picture of each pair, are reduced to for further lines of the table.
  public var resolutions: [Int]
  /// Rows and columns of prepared pictures; nil takes the model's, or 112.
  public var size: Int?
  /// Shares of impostor pairs to accept.
  public var falseAcceptRates: [Double]
  /// Shares of strangers to take for someone.
  public var falsePositiveRates: [Double]
  /// How several gallery pictures of one person become one vector before a search; nil searches each
  /// picture.
  public var pooling: TemplatePooling?
  /// Seed of drawn pairs and untrained weights.
  public var seed: Int

  /// Sets how faces are scored; the mirror image is added as it usually is.
  public init(
    fusion: FeatureFusion = .sum, resolutions: [Int] = [], size: Int? = nil,
    falseAcceptRates: [Double] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
    falsePositiveRates: [Double] = [0.01, 0.1, 0.2, 0.3], pooling: TemplatePooling? = nil,
    seed: Int = 0
  ) {
    self.fusion = fusion
    self.resolutions = resolutions
    self.size = size
    self.falseAcceptRates = falseAcceptRates
    self.falsePositiveRates = falsePositiveRates
    self.pooling = pooling
    self.seed = seed
  }
}
