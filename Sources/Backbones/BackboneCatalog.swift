public import Layers
public import Tensors

/// Every backbone that can be asked for by name; a new one is one file and one line here.
public enum BackboneCatalog {
  /// All entries, in the order in which they are listed.
  public static let all: [Entry] = [
    .smallConvolution("convnet_small", width: 16),
    .smallConvolution("convnet_base", width: 32),
    .visionTransformer("vit_tiny_patch16_224", width: 192, heads: 3),
    .visionTransformer("vit_small_patch16_224", width: 384, heads: 6),
    .visionTransformer("vit_base_patch16_224", width: 768, heads: 12),
    .visionTransformer("vit_large_patch16_224", width: 1024, depth: 24, heads: 16),
    .selfDistilled("vit_small_patch14_dinov2", width: 384, heads: 6),
    .selfDistilled("vit_base_patch14_dinov2", width: 768, heads: 12),
    .selfDistilled("vit_small_patch14_reg4_dinov2", width: 384, heads: 6, registers: 4),
    .relativeTransformer("simmim_vit_base_patch16_224", isShared: true),
    .relativeTransformer("beit_base_patch16_224", isShared: false),
    .swin("swin_tiny_patch4_window7_224", width: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24]),
    .swin(
      "swin_small_patch4_window7_224", width: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24]),
    .swin(
      "swin_base_patch4_window7_224", width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32]),
    .swin(
      "isr_swin_base", width: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32],
      featureLayer: 512),
    .petalFace("petalface_swin"),
    .petalFace("petalface_swin_masked", isMasked: true),
    .residual("resnet50"),
    .residual("resnet50_stride1", variant: .lastStride1),
    .residual("resnet50_fastreid", variant: .fastReID),
    .residual("resnet50_ibn_a", mixesInstances: true),
    .residual("resnet50_ibn_a_stride1", variant: .lastStride1, mixesInstances: true),
    .residual("resnet50_ibn_a_fastreid", variant: .fastReID, mixesInstances: true),
    .faceResidual("iresnet18", blocks: [2, 2, 2, 2]),
    .faceResidual("iresnet50", blocks: [3, 4, 14, 3]),
    .faceResidual("iresnet100", blocks: [3, 13, 30, 3]),
    .mobile("mobilenetv2_100"),
  ]

  /// The entry of a name, or `nil`.
  public static func entry(named name: String) -> Entry? {
    all.first { $0.name == name }
  }

  /// One backbone: its name and how it is made.
  public struct Entry: Sendable {
    /// Name as in timm where timm has the network.
    public let name: String
    /// What it is, in a few words.
    public let summary: String
    /// Picture size used when none is given.
    public let defaultExtent: Extent
    /// Sides of the picture must divide by this; 1 takes any.
    public let extentUnit: Int
    /// How pictures are normalised where a model's description does not say.
    public let preprocessing: Preprocessing
    /// Names of options, in timm's words, that the network has a use for.
    let options: Set<String>
    /// Forms of published weight files, asked in order; the network's own names come last.
    let published: [WeightNaming]
    let build:
      @Sendable (BackboneOptions, Extent, RandomStream) throws(BackboneError) -> any Backbone

    init(
      _ name: String, _ summary: String, extent: Extent, unit: Int,
      preprocessing: Preprocessing = .imageNet, options: Set<String> = [],
      published: [WeightNaming] = [],
      build:
        @escaping @Sendable (BackboneOptions, Extent, RandomStream) throws(BackboneError)
        -> any Backbone
    ) {
      self.name = name
      self.summary = summary
      defaultExtent = extent
      extentUnit = unit
      self.preprocessing = preprocessing
      self.options = options
      self.published = published
      self.build = build
    }

    /// Makes an untrained network.
    ///
    /// - Throws: ``BackboneError`` for options that the network has no use for.
    public func make(
      _ options: BackboneOptions, random: RandomStream
    ) throws(BackboneError) -> any Backbone {
      let refused = options.given.subtracting(self.options)
      guard refused.isEmpty else { throw .unsupported(name: name, options: refused.sorted()) }
      let extent = options.image ?? defaultExtent
      let unit = options.patch ?? extentUnit
      let sides = [extent.height, extent.width]
      guard unit > 0, sides.allSatisfy({ (1...16_384).contains($0) && $0 % unit == 0 })
      else { throw .unsuitableExtent(name: name, extent: extent, unit: unit) }
      return try build(options, extent, random)
    }

    /// How a file with these names names the network's tensors.
    public func naming(of names: Set<String>) -> WeightNaming {
      published.first { $0.fits(names) } ?? .own
    }
  }
}
