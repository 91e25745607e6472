public import Backbones
public import Tensors

/// Draws SimMIM's masks: squares of `unit` pixels, a fixed share of which is hidden in every picture.
///
/// The grid of units is `height/unit × width/unit`; `⌈ratio · units⌉` of them are masked.
/// **Source**: Z. Xie et al., "SimMIM", 2022, arXiv 2111.09886, section 3.2.
public struct MaskGenerator: Sendable, Hashable {
  /// Picture size in pixels.
  public let image: Extent
  /// Side of a masked square in pixels.
  public let unit: Int
  /// Share of squares masked, 0 … 1.
  public let ratio: Double

  /// Makes a generator; `unit` must divide both sides of the picture.
  public init(image: Extent, unit: Int, ratio: Double) {
    precondition(
      image.height % unit == 0 && image.width % unit == 0,
      "MaskGenerator: \(unit) does not divide \(image.height)×\(image.width)")
    self.image = image
    self.unit = unit
    self.ratio = ratio
  }

  /// Rows and columns of units.
  public var grid: Extent { Extent(height: image.height / unit, width: image.width / unit) }

  /// Units hidden in every picture.
  public var maskedUnits: Int {
    Int((Double(grid.height * grid.width) * ratio).rounded(.up))
  }

  /// One mask, row by row of units; true is hidden.
  public func mask(random: inout RandomStream) -> [Bool] {
    let count = grid.height * grid.width
    var mask = [Bool](repeating: false, count: count)
    for position in random.permutation(count).prefix(maskedUnits) { mask[position] = true }
    return mask
  }

  /// A unit mask spread to cells of `stride` pixels, which must divide the unit.
  public func expanded(_ mask: [Bool], stride: Int) -> [Bool] {
    precondition(
      unit % stride == 0, "MaskGenerator: cells of \(stride) do not fit units of \(unit)")
    let cells = unit / stride
    let (rows, columns) = (image.height / stride, image.width / stride)
    return (0..<(rows * columns)).map { index in
      mask[(index / columns / cells) * grid.width + (index % columns) / cells]
    }
  }
}
