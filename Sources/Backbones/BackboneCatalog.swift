public import Tensors

/// Every backbone that can be asked for by name; a new one is one file and one line here.
public enum BackboneCatalog {
  /// One backbone: its name and how it is made.
  public struct Entry: Sendable {
    /// Name as in timm where timm has the network.
    public let name: String
    /// What it is, in a few words.
    public let summary: String
    /// Picture size used when none is given.
    public let defaultExtent: Extent
    /// Sides of the picture must divide by this.
    public let extentUnit: Int
    /// How pictures are normalised.
    public let preprocessing: Preprocessing
    /// Makes an untrained network for a picture size.
    public let make: @Sendable (Extent, RandomStream) -> any MaskableBackbone
  }

  /// All entries, in the order in which they are listed.
  public static let all: [Entry] = [
    Entry(
      name: "convnet_small",
      summary: "small residual network, 0.3 M parameters, for minutes on a CPU",
      defaultExtent: Extent(height: 128, width: 64), extentUnit: 16, preprocessing: .imageNet
    ) { SmallConvolutionNetwork(width: 16, image: $0, random: $1) },
    Entry(
      name: "convnet_base", summary: "the same at twice the width, 1.3 M parameters",
      defaultExtent: Extent(height: 128, width: 64), extentUnit: 16, preprocessing: .imageNet
    ) { SmallConvolutionNetwork(width: 32, image: $0, random: $1) },
    visionTransformer("vit_tiny_patch16_224", width: 192, heads: 3),
    visionTransformer("vit_small_patch16_224", width: 384, heads: 6),
    visionTransformer("vit_base_patch16_224", width: 768, heads: 12),
    Entry(
      name: "resnet50", summary: "residual network with bottleneck blocks, torchvision's names",
      defaultExtent: Extent(height: 256, width: 128), extentUnit: 32, preprocessing: .imageNet
    ) { ResNet(image: $0, random: $1) },
    Entry(
      name: "simmim_vit_base_patch16_224",
      summary: "the SimMIM release's vision transformer with relative positions",
      defaultExtent: Extent(height: 224, width: 224), extentUnit: 16, preprocessing: .imageNet
    ) {
      RelativePositionTransformer(
        .init(image: $0, width: 768, heads: 12, dropPath: 0.1), random: $1)
    },
  ]

  private static func visionTransformer(_ name: String, width: Int, heads: Int) -> Entry {
    Entry(
      name: name, summary: "vision transformer, 12 blocks of width \(width), timm's names",
      defaultExtent: Extent(height: 256, width: 128), extentUnit: 16, preprocessing: .imageNet
    ) { VisionTransformer(.init(image: $0, width: width, heads: heads), random: $1) }
  }

  /// The entry of a name, or `nil`.
  public static func entry(named name: String) -> Entry? {
    all.first { $0.name == name }
  }
}
