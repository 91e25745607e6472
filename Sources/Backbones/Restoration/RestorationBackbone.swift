public import Gradients
public import Layers

/// A network that turns damaged pictures into clean ones, of the same size or enlarged.
public protocol RestorationBackbone: Module {
  /// Picture size for which costs are stated; any other works too.
  var inputExtent: Extent { get }

  /// Sides of a restored picture over those of the picture that went in; 1 for most networks.
  var scale: Int { get }

  /// Multiply-accumulate operations of convolutions for one picture, the figure that papers state.
  func multiplyAccumulates(of extent: Extent) -> Int

  /// Multiply-accumulate operations of attention for one picture.
  func attentionMultiplyAccumulates(of extent: Extent) -> Int

  /// Restored pictures, not clamped.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, scale · height, scale · width, 3]`; RGB, values
  /// 0…1. Sides that the network cannot halve often enough are enlarged inside and cut again.
  func restored(_ images: Variable, in context: ForwardContext) -> Variable
}

extension RestorationBackbone {
  /// Networks are trained on squares of 256 pixels.
  public var inputExtent: Extent { Extent(height: 256, width: 256) }

  /// Most networks keep the size.
  public var scale: Int { 1 }

  /// Networks without attention have none.
  public func attentionMultiplyAccumulates(of extent: Extent) -> Int { 0 }

  /// Multiply-accumulate operations of convolutions at ``inputExtent``.
  public var multiplyAccumulates: Int { multiplyAccumulates(of: inputExtent) }
}

extension Extent {
  /// Both sides enlarged to multiples of `unit`.
  func enlarged(toMultipleOf unit: Int) -> Extent {
    Extent(height: (height + unit - 1) / unit * unit, width: (width + unit - 1) / unit * unit)
  }

  /// Number of pixels.
  var area: Int { height * width }
}
