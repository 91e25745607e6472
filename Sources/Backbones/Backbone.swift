public import Gradients
public import Layers

/// Rows and columns of a picture or of a grid.
public struct Extent: Sendable, Hashable, Codable {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// Makes an extent.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }
}

/// How pictures must be prepared for a network: per-channel mean and deviation of values 0…1, RGB order.
public struct Preprocessing: Sendable, Hashable, Codable {
  /// Subtracted from each channel.
  public var mean: [Float]
  /// Each channel is divided by it.
  public var deviation: [Float]

  /// Makes the preparation of a checkpoint.
  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// The ImageNet statistics used by most published checkpoints.
  public static let imageNet = Preprocessing(
    mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
}

/// A network that turns pictures into one feature vector each.
public protocol Backbone: Module {
  /// Length of a feature vector.
  var featureWidth: Int { get }
  /// Picture size the network is built for.
  var inputExtent: Extent { get }
  /// Multiply-accumulate operations of convolutions and linear maps for one picture.
  var multiplyAccumulates: Int { get }
  /// Whether extra picture sizes work without changing parameters.
  var acceptsAnyExtent: Bool { get }

  /// Pooled features before any head.
  ///
  /// **Shape**: `[batch, height, width, 3]`, normalised, → `[batch, featureWidth]`.
  func features(of images: Variable, in context: ForwardContext) -> Variable
}

/// A backbone that can be pretrained by reconstructing masked patches.
public protocol MaskableBackbone: Backbone {
  /// Pixels per cell of the grid on which the mask replaces embeddings.
  var maskStride: Int { get }
  /// Channels of an embedding on that grid, the length of the mask token.
  var maskChannels: Int { get }
  /// Pixels per cell of ``maskedFeatureMap(of:mask:token:in:)``.
  var mapStride: Int { get }

  /// The feature map of pictures whose masked cells were replaced by the token.
  ///
  /// **Shape**: `[batch, height, width, 3]` with a mask of `batch · (height/maskStride) ·
  /// (width/maskStride)` → `[batch, height/mapStride, width/mapStride, featureWidth]`.
  func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable
}
