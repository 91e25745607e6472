public import Datasets
import Images
import Metrics
public import Reports
import Tasks

/// The scores of one method on one set of spoiled pictures.
///
/// Encoded, it is the object that `vision-evaluate --json` prints.
public struct RestorationResult: Sendable, Encodable {
  /// Scores of one picture; PSNR in dB.
  public struct Row: Sendable, Encodable {
    /// What the picture is called.
    public var name: String
    /// After and before restoring.
    public var psnr, inputPsnr: Double
    /// Structural similarity of the 2-D Gaussian form, after and before.
    public var ssim, inputSsim: Double
    /// The same on luma: PSNR and structural similarity.
    public var lumaPsnr, lumaSsim: Double
    /// Structural similarity of the 3-D Gaussian form.
    public var ssim3d: Double

    /// Width times height.
    public var pixels: Int

    /// Compares a restored picture with its pair.
    init(name: String, output: Image, pair: (degraded: Image, clean: Image)) {
      self.name = name
      pixels = output.width * output.height
      psnr = peakSignalToNoise(output, pair.clean)
      inputPsnr = peakSignalToNoise(pair.degraded, pair.clean)
      ssim = StructuralSimilarity.gaussian2D(output, pair.clean)
      inputSsim = StructuralSimilarity.gaussian2D(pair.degraded, pair.clean)
      lumaPsnr = peakSignalToNoise(output, pair.clean, channels: .luma)
      lumaSsim = StructuralSimilarity.gaussian2D(output, pair.clean, channels: .luma)
      ssim3d = StructuralSimilarity.gaussian3D(output, pair.clean)
    }
  }

  /// Pictures to look at.
  public struct Shown: Sendable {
    let degraded, restored, clean: Image
  }

  /// What was asked for.
  public let reference: String
  /// Where the pictures were found.
  public let path: String
  /// `paired`, or how clean pictures were spoiled.
  public let degradation: String
  /// Scores of every picture.
  public let rows: [Row]
  /// Pictures left out.
  public let skipped: [SkippedFile]
  let shown: [Shown]
  let tiling: TiledRestoration?
  /// Seconds of the whole evaluation.
  public let seconds: Double

  /// Mean PSNR in dB over pictures whose PSNR is finite.
  public var psnr: Double { Self.mean(rows.map(\.psnr)) }
  /// Pixels of all pictures.
  public var pixels: Int { rows.reduce(0) { $0 + $1.pixels } }
  /// Mean PSNR before restoring.
  public var inputPsnr: Double { Self.mean(rows.map(\.inputPsnr)) }
  /// Mean structural similarity, 2-D form on RGB.
  public var ssim: Double { Self.mean(rows.map(\.ssim)) }
  /// Mean structural similarity before restoring.
  public var inputSsim: Double { Self.mean(rows.map(\.inputSsim)) }
  /// Mean PSNR on luma.
  public var lumaPsnr: Double { Self.mean(rows.map(\.lumaPsnr)) }
  /// Mean structural similarity on luma.
  public var lumaSsim: Double { Self.mean(rows.map(\.lumaSsim)) }
  /// Mean structural similarity, 3-D form.
  public var ssim3d: Double { Self.mean(rows.map(\.ssim3d)) }

  private static func mean(_ values: [Double]) -> Double {
    let finite = values.filter(\.isFinite)
    return finite.reduce(0, +) / Double(max(finite.count, 1))
  }

  /// How the numbers were made.
  public var caption: String {
    let equal = rows.count { !$0.psnr.isFinite }
    let averaging = tiling?.averagesTurns == true ? " Mean over the eight turns of a picture." : ""
    return "PSNR and SSIM on RGB of pictures rounded to 8 bits, no border cut, SSIM with an 11×11 "
      + "Gaussian of σ 1.5 inside the picture (ssim2d); ssim3d is MATLAB's form on colour pictures; "
      + "luma is 16…235 and not rounded. Means over \(rows.count) pictures of \(path), degradation "
      + "\(degradation)"
      + (equal > 0 ? "; \(equal) equal the truth and are in no mean of PSNR" : "")
      + (skipped.isEmpty ? "" : "; \(skipped.count) left out") + "."
      + (degradation.hasPrefix("sr") ? " Spoiled is the bicubic enlargement." : "") + averaging
  }

  /// Spoiled, restored and clean pictures side by side.
  public func strips() throws -> ContactSheet {
    ContactSheet.restorations(
      zip(shown, rows).map { shown, row in
        RestorationStrip(
          degraded: shown.degraded, restored: shown.restored, clean: shown.clean, title: row.name,
          before: row.inputPsnr, after: row.psnr)
      })
  }

  private enum Keys: String, CodingKey {
    case model, psnr, ssim, inputPsnr, inputSsim, images, byDegradation
    case rule = "protocol"
    case lumaPsnr, lumaSsim, ssim3d, skipped, seconds, caption
  }

  /// Writes the keys of the contract and those beside them.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(reference, forKey: .model)
    try container.encode(psnr, forKey: .psnr)
    try container.encode(ssim, forKey: .ssim)
    try container.encode(inputPsnr, forKey: .inputPsnr)
    try container.encode(inputSsim, forKey: .inputSsim)
    try container.encode(lumaPsnr, forKey: .lumaPsnr)
    try container.encode(lumaSsim, forKey: .lumaSsim)
    try container.encode(ssim3d, forKey: .ssim3d)
    try container.encode(rows.count, forKey: .images)
    try container.encode(
      [degradation: ["psnr": psnr, "ssim": ssim, "inputPsnr": inputPsnr, "inputSsim": inputSsim]],
      forKey: .byDegradation)
    try container.encode("rgb-8bit-ssim2d", forKey: .rule)
    try container.encode(skipped.count, forKey: .skipped)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(caption, forKey: .caption)
  }
}
