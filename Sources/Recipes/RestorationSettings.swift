/// Image restoration: data, crops and loss.
///
/// Lengths and rates of `paper` follow NAFNet (L. Chen et al., "Simple Baselines for Image Restoration",
/// 2022, arXiv 2204.04676).
public struct RestorationSettings: RecipeSettings {
  /// How far a restored picture is from the truth.
  public enum Loss: String, RecipeChoice {
    /// Mean absolute error.
    case absolute
    /// A smooth absolute error.
    case charbonnier
    /// Negative PSNR.
    case peakSignal
  }

  /// `paired` for folders of pairs, else how clean pictures are spoiled, such as `noise25`.
  public var degradation = "paired"
  /// Side of the square crops learned from, in pixels.
  public var crop = 64
  /// Crops of a batch.
  public var batch = 8
  /// How far a restored picture is from the truth.
  public var loss = Loss.peakSignal
  /// Whether crops are mirrored and turned.
  public var mirrors = true
  /// Training pairs kept, drawn by the seed; 0 keeps all.
  ///
  /// With a limit a clean picture is spoiled once, so that there are no more pairs than that; without one it
  /// is spoiled anew for every crop.
  public var pairLimit = 0
  /// Side of a tile when restoring whole pictures; 0 takes 1.5 crops, rounded up to 16.
  public var tile = 0
  /// Pixels that neighbouring tiles share.
  public var overlap = 32
  /// Pictures held out that are scored during training, at most.
  public var validationLimit = 16

  /// The settings of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<RestorationSettings>] = [
    .name("degradation", \.degradation, "paired, or noise25, jpeg10, blur2, sr4, mixed, random …"),
    .integer("crop", \.crop, 16...2048, "side of a training crop in pixels"),
    .integer("batch", \.batch, 1...4096, "crops of a batch"),
    .choice("loss", \.loss, "how far a restored picture is from the truth"),
    .flag("mirrors", \.mirrors, "crops are mirrored and turned"),
    .integer(
      "pairLimit", \.pairLimit, 0...10_000_000, "pairs kept, clean pictures spoiled once; 0 = all"),
    .integer("tile", \.tile, 0...16_384, "side of a tile for whole pictures; 0 = 1.5 crops"),
    .integer("overlap", \.overlap, 0...1024, "pixels that neighbouring tiles share"),
    .integer("validationLimit", \.validationLimit, 1...10_000, "held-out pictures scored"),
  ]

  /// Side of a tile for whole pictures in pixels.
  public var tileSide: Int { tile > 0 ? tile : (crop * 3 / 2 + 15) / 16 * 16 }
}
