import Foundation
import Gradients
public import Images
import Layers
import Optimizers
public import Tensors

/// Teaches a ``QualityNetwork`` to see how badly a picture was spoiled: the target is `1 − severity`.
///
/// Clean pictures are brought to size, mirrored at random, spoiled with a severity drawn uniformly from
/// 0…1, and the squared error is lowered by AdamW. The rate halves at 20, 40, 60 and 80 % of the steps.
/// **Source**: the recipe of the PyTorch form of CNNIQA (AdamW, 1e-3, mirrored crops, squared error, the
/// rate halved four times), with our own degradations in place of people's opinions.
public struct QualityTrainer: Sendable {
  /// Settings.
  public struct Settings: Sendable, Hashable, Codable {
    /// Steps.
    public var steps = 2000
    /// Pictures of a step.
    public var batch = 32
    /// Learning rate of the first steps.
    public var rate: Float = 1e-3
    /// Rows of a picture, in pixels; those of the network whose input is judged.
    public var height = 112
    /// Columns of a picture, in pixels.
    public var width = 112
    /// Seed of everything that is drawn.
    public var seed: UInt64 = 1

    /// The recipe's values.
    public init() {}
  }

  /// How well severities are recognised.
  public struct Score: Sendable, Hashable {
    /// Spearman's rank correlation of predicted and true quality, −1…1.
    public let rankCorrelation: Double
    /// Mean squared error of the quality.
    public let squaredError: Double
  }

  /// Spoils a picture with a severity, 0 none … 1 worst.
  public typealias Spoiler = (
    _ picture: Image, _ severity: Float, _ random: inout RandomStream
  ) -> Image

  /// Settings.
  public let settings: Settings

  /// Makes a trainer.
  public init(_ settings: Settings = Settings()) {
    self.settings = settings
  }

  /// Trains a network from the start.
  ///
  /// - Parameters:
  ///   - count: number of clean pictures.
  ///   - picture: loads one of them.
  ///   - spoil: the degradations.
  ///   - report: called with step and loss after every step.
  /// - Throws: `QualityError.noPictures`, `.diverged`; what `picture` throws.
  public func train(
    _ configuration: QualityNetwork.Configuration = .init(), pictures count: Int,
    picture: (Int) throws -> Image, spoil: Spoiler,
    report: (Int, Float) throws -> Void = { _, _ in }
  ) throws -> LearnedQuality {
    guard count > 0 else { throw QualityError.noPictures }
    let random = RandomStream(seed: settings.seed)
    let network = QualityNetwork(configuration, random: random.split("weights"))
    let learned = LearnedQuality(network, height: settings.height, width: settings.width)
    let optimizer = AdamW(network.parameters, weightDecay: 0.01)
    for step in 0..<settings.steps {
      var stream = random.split("step").split(step)
      var (spoiled, targets) = ([Image](), [Float]())
      for _ in 0..<settings.batch {
        let clean = sized(try picture(stream.integer(below: count)))
        let severity = stream.uniform()
        let mirrored = stream.uniform() < 0.5 ? clean.flippedHorizontally() : clean
        spoiled.append(spoil(mirrored, severity, &stream))
        targets.append(1 - severity)
      }
      let context = ForwardContext.training(random: stream.split("dropout"))
      let scores = network(Variable(learned.tensor(of: spoiled)), in: context)
      let difference = scores - Variable(Tensor(targets, shape: scores.shape))
      let loss = (difference * difference).mean()
      guard loss.value.isFinite else { throw QualityError.diverged(step: step) }
      context.backward(from: loss)
      let halvings = min(5 * step / max(settings.steps, 1), 4)
      optimizer.update(rate: settings.rate / Float(1 << halvings))
      try report(step, loss.value.scalar)
    }
    return learned
  }

  /// Judges a metric by pictures spoiled with severities spread evenly over 0…1.
  ///
  /// - Parameter count: number of clean pictures; each is spoiled once.
  public func score(
    _ metric: any QualityMetric, pictures count: Int, picture: (Int) throws -> Image, spoil: Spoiler
  ) throws -> Score {
    guard count > 1 else { throw QualityError.noPictures }
    let random = RandomStream(seed: settings.seed).split("score")
    var (spoiled, truth) = ([Image](), [Double]())
    for index in 0..<count {
      var stream = random.split(index)
      let severity = (Float(index) + 0.5) / Float(count)
      spoiled.append(spoil(sized(try picture(index)), severity, &stream))
      truth.append(Double(1 - severity))
    }
    let found = metric.quality(of: spoiled).map(Double.init)
    let squares = zip(found, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return Score(
      rankCorrelation: Self.correlation(Self.ranks(found), Self.ranks(truth)),
      squaredError: squares / Double(count))
  }

  private func sized(_ picture: Image) -> Image {
    picture.height == settings.height && picture.width == settings.width
      ? picture : picture.resized(width: settings.width, height: settings.height)
  }

  /// Ranks from 1; equal values share the mean of theirs.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for place in start...end { ranks[order[place]] = Double(start + end) / 2 + 1 }
      start = end + 1
    }
    return ranks
  }

  /// Pearson's correlation; 0 where one side does not vary.
  static func correlation(_ first: [Double], _ second: [Double]) -> Double {
    let count = Double(first.count)
    let (a, b) = (first.reduce(0, +) / count, second.reduce(0, +) / count)
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(first, second) {
      product += (x - a) * (y - b)
      left += (x - a) * (x - a)
      right += (y - b) * (y - b)
    }
    return left > 0 && right > 0 ? product / (left * right).squareRoot() : 0
  }
}
