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
    Entry(name: "swinir", summary: "SwinIR for noise and compression, the classical size") {
      SwinIR(.classical(.residual), random: $0)
    },
    Entry(name: "swinir_light", summary: "SwinIR for noise and compression, lightweight") {
      SwinIR(.lightweight(.residual), random: $0)
    },
  ]

  /// The entry of a name, or `nil`.
  public static func entry(named name: String) -> Entry? {
    all.first { $0.name == name }
  }
}
