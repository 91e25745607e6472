public import Layers
public import Tensors

/// Every restoration network that can be asked for by name; a new one is one file and one line here.
public enum RestorationCatalog {
  /// One network: its name and how it is made.
  public struct Entry: Sendable {
    /// Name by which recipes and commands ask for it.
    public let name: String
    /// What it is, in a few words.
    public let summary: String
    /// Makes an untrained network.
    public let make: @Sendable (RandomStream) -> any RestorationBackbone
    /// The form of published weight files, where it is not the network's own.
    let published: WeightNaming?

    init(
      name: String, summary: String, published: WeightNaming? = nil,
      make: @escaping @Sendable (RandomStream) -> any RestorationBackbone
    ) {
      self.name = name
      self.summary = summary
      self.published = published
      self.make = make
    }

    /// How a file with these names names the network's tensors.
    public func naming(of names: Set<String>) -> WeightNaming {
      published.flatMap { $0.fits(names) ? $0 : nil } ?? .own
    }

    static func swin(
      _ name: String, _ summary: String, _ configuration: SwinIR.Configuration
    ) -> Entry {
      Entry(name: name, summary: "SwinIR \(summary)", published: SwinIR.publishedNames) {
        SwinIR(configuration, random: $0)
      }
    }
  }

  /// All entries, in the order in which they are listed.
  public static let all: [Entry] = [
    Entry(
      name: "nafnet_small", summary: "NAFNet of width 16 and seven blocks, for minutes on a CPU"
    ) {
      NAFNet(.init(width: 16, encoders: [1, 1, 1], middle: 1, decoders: [1, 1, 1]), random: $0)
    },
    Entry(name: "nafnet_w32", summary: "NAFNet for noise, the published layout of width 32") {
      NAFNet(.denoising(width: 32), random: $0)
    },
    Entry(name: "nafnet_w64", summary: "NAFNet for noise, the published layout of width 64") {
      NAFNet(.denoising(width: 64), random: $0)
    },
    Entry(
      name: "nafnet_w32_deblur", summary: "NAFNet for motion blur, width 32, pooling locally"
    ) { NAFNet(.deblurring(width: 32), random: $0) },
    Entry(
      name: "nafnet_w64_deblur", summary: "NAFNet for motion blur, width 64, pooling locally"
    ) { NAFNet(.deblurring(width: 64), random: $0) },
    Entry(name: "restormer", summary: "Restormer for rain and blur, the published layout") {
      Restormer(.init(), random: $0)
    },
    Entry(name: "restormer_denoise", summary: "Restormer for noise, norms without bias") {
      Restormer(.init(normalization: .withoutBias), random: $0)
    },
    .swin("swinir", "for noise, the classical size", .classical(.residual)),
    .swin(
      "swinir_jpeg", "for the traces of JPEG compression, windows of 7 pixels", .compression),
    .swin("swinir_light", "for noise, lightweight", .lightweight(.residual)),
    .swin(
      "swinir_x2", "that doubles the sides, the classical size", .classical(.shuffles(scale: 2))),
    .swin(
      "swinir_x3", "that triples the sides, the classical size", .classical(.shuffles(scale: 3))),
    .swin(
      "swinir_x4", "that makes sides four times as long, the classical size",
      .classical(.shuffles(scale: 4))),
    .swin(
      "swinir_light_x2", "that doubles the sides, lightweight", .lightweight(.direct(scale: 2))),
    .swin(
      "swinir_light_x3", "that triples the sides, lightweight", .lightweight(.direct(scale: 3))),
    .swin(
      "swinir_light_x4", "that makes sides four times as long, lightweight",
      .lightweight(.direct(scale: 4))),
  ]

  /// The entry of a name, or `nil`.
  public static func entry(named name: String) -> Entry? {
    all.first { $0.name == name }
  }
}
