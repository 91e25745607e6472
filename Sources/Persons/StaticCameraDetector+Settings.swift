extension StaticCameraDetector {
  /// Limits of the detector; lengths are for frames of 576 rows and scale with the height.
  public struct Settings: Sendable, Hashable, Codable {
    /// Largest difference in 8-bit lightness (0…255) that still is background.
    public var lightnessLimit = 28
    /// Largest sum of differences in the two 8-bit colour axes that still is background.
    public var colourLimit = 22
    /// Side of the square that removes specks, in pixels of any frame.
    public var openingSide = 3
    /// Width of the ellipse that closes gaps.
    public var closingWidth = 7
    /// Height of the ellipse that closes gaps; tall, to join head, body, and legs.
    public var closingHeight = 15
    /// Smallest height of a blob.
    public var minimumHeight = 28.0
    /// Smallest width of a blob.
    public var minimumWidth = 10.0
    /// Smallest number of set pixels in a blob.
    public var minimumArea = 250.0
    /// Smallest height divided by width.
    public var minimumAspect = 1.3
    /// Largest height divided by width.
    public var maximumAspect = 4.5
    /// Smallest part of the box that is set, 0…1.
    public var minimumFill = 0.3
    /// Largest deviation from the height at the foot's row, as a part of it.
    public var heightGate = 0.25
    /// Width divided by height from which a blob is a group.
    public var groupWidth = 0.62
    /// Largest median share of foreground of a static camera, 0…1.
    public var maximumForegroundShare = 0.15
    /// Largest share of foreground at the ninth decile of the frames, 0…1.
    public var maximumHighForegroundShare = 0.4
    /// Largest median share of tiles with foreground, 0…1.
    public var maximumActiveTileShare = 0.4
    /// Part of a tile that must be foreground for the tile to count, 0…1.
    public var tileThreshold = 0.05

    /// Makes the default limits.
    public init() {}

    func accepts(_ blob: Blob, scale: Double) -> Bool {
      let width = Double(blob.width)
      let height = Double(blob.height)
      let area = Double(blob.area)
      return height >= minimumHeight * scale && width >= minimumWidth * scale
        && area >= minimumArea * scale * scale && height >= minimumAspect * width
        && height <= maximumAspect * width && area >= minimumFill * width * height
    }
  }
}
