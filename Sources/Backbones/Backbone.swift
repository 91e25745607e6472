public import Gradients
public import Layers
public import Tensors

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
  /// Multiply-accumulate operations of convolutions and linear maps for one picture, the figure that
  /// papers and model lists state.
  var multiplyAccumulates: Int { get }
  /// Multiply-accumulate operations of attention, queries with keys and scores with values.
  var attentionMultiplyAccumulates: Int { get }
  /// Whether extra picture sizes work without changing parameters.
  var acceptsAnyExtent: Bool { get }

  /// Pooled features before any head.
  ///
  /// **Shape**: `[batch, height, width, 3]`, normalised, → `[batch, featureWidth]`.
  func features(of images: Variable, in context: ForwardContext) -> Variable
}

extension Backbone {
  /// Networks without attention have none.
  public var attentionMultiplyAccumulates: Int { 0 }
}

/// A backbone some of whose parameters have one value for every place of the picture.
public protocol ResizableBackbone: Backbone {
  /// Whether a parameter has values for the places of a picture, so that it means something else for a
  /// picture of another size even where its shape is the same.
  func hasValuePerPlace(_ path: String) -> Bool

  /// The value of a parameter for this network from that of the same network for another picture size.
  ///
  /// - Parameters:
  ///   - path: path of the parameter.
  ///   - value: its value in the other network.
  ///   - source: picture size of the other network.
  /// - Returns: a value of this network's shape, or nil where sizes do not explain the difference.
  func resized(_ path: String, _ value: Tensor, from source: Extent) -> Tensor?
}

/// A backbone that can be pretrained by reconstructing masked patches.
public protocol MaskableBackbone: SequentialBackbone {
  /// Pixels per cell of the grid on which the mask replaces embeddings.
  var maskStride: Int { get }
  /// Channels of an embedding on that grid, the length of the mask token.
  var maskChannels: Int { get }
  /// Pixels per cell of ``maskedFeatureMap(of:mask:token:in:)``.
  var mapStride: Int { get }
  /// How the mask token starts, and what SimMIM's release does with it.
  var maskTokenRules: MaskTokenRules { get }

  /// The feature map of pictures whose masked cells were replaced by the token.
  ///
  /// **Shape**: `[batch, height, width, 3]` with a mask of `batch · (height/maskStride) ·
  /// (width/maskStride)` → `[batch, height/mapStride, width/mapStride, featureWidth]`.
  func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable

  /// The feature map of what the last block gives, as ``maskedFeatureMap(of:mask:token:in:)`` ends.
  ///
  /// **Shape**: tokens or a map → `[batch, height/mapStride, width/mapStride, featureWidth]`.
  func featureMap(afterBlocks activation: Variable, in context: ForwardContext) -> Variable
}

extension MaskableBackbone {
  /// Those of Swin, which the release has, and of convolutions, which it has not.
  public var maskTokenRules: MaskTokenRules { .swin }

  /// The last block's map itself.
  public func featureMap(afterBlocks activation: Variable, in context: ForwardContext) -> Variable {
    activation
  }

  /// Globally pooled features.
  public func features(
    of activation: Variable, afterBlocks count: Int, in context: ForwardContext
  ) -> Variable {
    featureMap(
      afterBlocks: running(count..<blockCount, on: activation, in: context), in: context
    ).meanOverPositions()
  }

  /// The map of pictures whose masked cells were replaced in what the first block is given.
  public func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable {
    let start = embedded(images, in: context).maskingTokens(mask, with: token)
    return featureMap(
      afterBlocks: running(0..<blockCount, on: start, in: context), in: context)
  }
}
