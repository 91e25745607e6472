import Batches
import Images
import Quality
import Tensors
import Testing

/// A small network taught by the tool-kit's own degradations, as a face run teaches its large one.
struct LearnedDegradationTests {
  private static let side = 28
  private static let small = QualityNetwork.Configuration(filters: 16, width: 64, dropout: 0.1)
  private static let settings = {
    var settings = QualityTrainer.Settings()
    (settings.steps, settings.batch, settings.rate) = (220, 12, 2e-3)
    (settings.height, settings.width) = (side, side)
    return settings
  }()
  private static let known = (0..<80).map { Patches.picture(seed: $0, width: side, height: side) }
  private static let unseen = (500..<580).map {
    Patches.picture(seed: $0, width: side, height: side)
  }

  private static func network(steps: Int) throws -> LearnedQuality {
    var settings = settings
    settings.steps = steps
    return try QualityTrainer(settings).train(
      small, pictures: known.count, picture: { known[$0] }, spoil: Degradation.spoiled)
  }

  private func score(_ metric: any QualityMetric) throws -> QualityTrainer.Score {
    try QualityTrainer(Self.settings).score(
      metric, pictures: Self.unseen.count, picture: { Self.unseen[$0] },
      spoil: Degradation.spoiled)
  }

  /// Mean qualities of unseen pictures spoiled by one kind at severities 0.1, 0.5 and 0.9.
  private func means(_ kind: Degradation.Spoiler, _ metric: any QualityMetric) -> [Float] {
    [Float(0.1), 0.5, 0.9].map { severity in
      let step = Degradation.step(kind, severity: severity)
      let spoiled = Self.unseen.prefix(24).enumerated().map { index, picture in
        var random = RandomStream(seed: 83).split(index)
        return step.applied(to: FloatPicture(picture), random: &random).image
      }
      return metric.quality(of: spoiled).reduce(0, +) / Float(spoiled.count)
    }
  }

  @Test func `orders pictures it has not seen, and each kind of degradation alone`() throws {
    let learned = try Self.network(steps: Self.settings.steps)
    let found = try score(learned)
    #expect(found.rankCorrelation > 0.6, "\(found)")
    // The mean alone would give 1/12.
    #expect(found.squaredError < 0.065, "\(found)")
    let untrained = try score(try Self.network(steps: 0))
    #expect(untrained.rankCorrelation < 0.6 && untrained.squaredError > 1.0 / 12, "\(untrained)")
    for kind in Degradation.Spoiler.allCases {
      let means = means(kind, learned)
      // So small a network, so briefly taught, sees noise less than the others, but never as quality.
      let slack: Float = kind == .noise ? 0.02 : 0
      #expect(
        means[0] + slack > means[1] && means[1] + slack > means[2] && means[0] + slack > means[2],
        "\(kind): \(means)")
    }
    // Noise is detail to the classical measures.
    for metric in [PictureDetail(), Sharpness()] as [any QualityMetric] {
      let found = means(.noise, metric)
      #expect(found[0] + 0.05 < found[2], "\(metric.name): \(found)")
    }
  }
}
