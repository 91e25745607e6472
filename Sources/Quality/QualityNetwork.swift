public import Gradients
public import Layers
public import Tensors

/// A small convolution network that scores the quality of a picture (CNNIQA).
///
/// One 7×7 convolution without padding or activation; the largest and the smallest value of each channel
/// over the picture; three linear maps with rectifiers, and dropout after the first.
/// **Shape**: `[batch, height, width, 3]`, RGB of 0…1, 7 pixels or more each way → `[batch]`. The score is
/// about 0 worst … 1 best, and not limited.
/// **Count**: 729,801 with 50 filters and a width of 800.
/// **Source**: L. Kang et al., "Convolutional Neural Networks for No-Reference Image Quality Assessment",
/// 2014; layers and names of the PyTorch form that PETALface's released code uses.
public final class QualityNetwork: Module {
  /// Sizes.
  public struct Configuration: Sendable, Hashable, Codable {
    /// Filters of the convolution.
    public var filters: Int
    /// Width of the hidden linear maps.
    public var width: Int
    /// Share of the first hidden activation dropped in training, 0 ..< 1.
    public var dropout: Float

    /// The published sizes.
    public init(filters: Int = 50, width: Int = 800, dropout: Float = 0.5) {
      self.filters = filters
      self.width = width
      self.dropout = dropout
    }
  }

  /// Sizes.
  public let configuration: Configuration
  @Key("conv1") private var filters: Convolution2D
  @Key("fc1") private var first: Linear
  @Key("fc2") private var second: Linear
  @Key("fc3") private var score: Linear

  /// Side of the filters, and of the smallest picture, in pixels.
  public static let kernel = 7

  /// Draws weights uniform in ± 1/√fan-in.
  public init(_ configuration: Configuration = Configuration(), random: RandomStream) {
    precondition(
      configuration.filters > 0 && configuration.width > 0
        && (0..<1).contains(configuration.dropout),
      "QualityNetwork: \(configuration)")
    self.configuration = configuration
    var random = random.split("quality")
    let (count, width) = (configuration.filters, configuration.width)
    filters = Convolution2D(
      3, count, kernel: Self.kernel, hasBias: true, initialization: .uniformFanIn, random: &random)
    first = Linear(uniform: 2 * count, width, random: &random)
    second = Linear(uniform: width, width, random: &random)
    score = Linear(uniform: width, 1, random: &random)
  }

  /// Scores a batch.
  public func callAsFunction(_ pictures: Variable, in context: ForwardContext) -> Variable {
    let map = filters(pictures, in: context)
    let (batch, count) = (map.shape[0], map.shape[3])
    let whole = Window(map.shape[1], map.shape[2])
    func largest(_ map: Variable) -> Variable {
      map.maximumPooled(whole).reshaped([batch, count])
    }
    let extremes = Variable.concatenated([largest(map), largest(map * -1) * -1], axis: 1)
    var hidden = first(extremes, in: context).rectified()
    if let mask = context.dropoutMask(rate: configuration.dropout, shape: hidden.shape) {
      hidden = hidden * Variable(mask)
    }
    return score(second(hidden, in: context).rectified(), in: context).reshaped([batch])
  }
}
