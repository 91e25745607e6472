import Images
import Quality
import Tensors
import Testing

struct QualityTrainerTests {
  private func picture(_ index: Int) -> Image {
    Patches.picture(seed: index, width: 20, height: 20)
  }

  @Test func `sharpness falls with the size of the detail that is lost`() throws {
    let metric = Sharpness()
    for seed in 0..<4 {
      var random = RandomStream(seed: 1)
      let clean = picture(seed)
      let found = metric.quality(
        of: [Float(0), 0.2, 0.5, 1].map { Patches.reduced(clean, $0, &random) })
      #expect(zip(found, found.dropFirst()).allSatisfy { $0 > $1 }, "\(found)")
      #expect(found.allSatisfy { (0...1).contains($0) })
    }
    // A single bright pixel in the middle of 5×5: Laplacians −4·255, 255 four times, 0 four times.
    var dot = Image(width: 5, height: 5)
    for channel in 0..<3 { dot.pixels[12 * 3 + channel] = 255 }
    let deviation = Float(255) * (Float(16 + 4) / 9).squareRoot()
    #expect(abs(metric.quality(of: [dot])[0] - deviation / (deviation + 16)) < 1e-5)
    #expect(metric.quality(of: [Image(width: 2, height: 9)]) == [0])
  }

  @Test func `training learns to rank severities it has not seen`() throws {
    var settings = QualityTrainer.Settings()
    settings.steps = 120
    settings.batch = 8
    settings.rate = 3e-3
    (settings.height, settings.width) = (20, 20)
    let small = QualityNetwork.Configuration(filters: 8, width: 24, dropout: 0.1)
    let known = (0..<12).map(picture)
    let unseen = (100..<130).map(picture)
    func train(_ settings: QualityTrainer.Settings) throws -> LearnedQuality {
      try QualityTrainer(settings).train(
        small, pictures: known.count, picture: { known[$0] }, spoil: Patches.faded)
    }
    let learned = try train(settings)
    let score = try QualityTrainer(settings).score(
      learned, pictures: unseen.count, picture: { unseen[$0] }, spoil: Patches.faded)
    #expect(score.rankCorrelation > 0.8, "\(score)")
    // The mean alone would give 1/12.
    #expect(score.squaredError < 0.05, "\(score)")
    settings.steps = 3
    #expect(try train(settings).quality(of: unseen) == train(settings).quality(of: unseen))
  }

  @Test func `scores of a metric that is right, wrong or blind`() throws {
    struct Fixed: QualityMetric {
      let name = "fixed"
      let values: [Float]
      func quality(of pictures: [Image]) -> [Float] { values }
    }
    var settings = QualityTrainer.Settings()
    (settings.height, settings.width) = (20, 20)
    let trainer = QualityTrainer(settings)
    func correlation(_ values: [Float]) throws -> Double {
      let metric = Fixed(values: values)
      let score = try trainer.score(
        metric, pictures: values.count, picture: picture, spoil: Patches.reduced)
      return score.rankCorrelation
    }
    #expect(abs(try correlation([0.9, 0.5, 0.4, 0.1]) - 1) < 1e-12)
    #expect(abs(try correlation([0.1, 0.2, 0.3, 0.9]) + 1) < 1e-12)
    #expect(try correlation([0.5, 0.5, 0.5, 0.5]) == 0)
    // Ranks 1, 2.5, 2.5, 4 against 4, 3, 2, 1.
    #expect(abs(try correlation([0.1, 0.2, 0.2, 0.9]) + 0.9486832980505138) < 1e-9)
    #expect(throws: QualityError.noPictures) {
      try trainer.train(pictures: 0, picture: picture, spoil: Patches.reduced)
    }
  }
}
