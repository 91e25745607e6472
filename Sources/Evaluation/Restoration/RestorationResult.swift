public import Datasets
import Images
import Metrics
public import Reports
import Tasks

/// The scores of one method on one set of spoiled pictures.
///
/// Encoded, it is the object that `vision-evaluate --json` prints.
public struct RestorationResult: Sendable, Encodable {
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
  /// Pixels left out on each side of every picture.
  public let border: Int
  /// Mean PSNR in dB of clean pictures that were given to a network, over those that it changed; nil for
  /// other methods.
  public let cleanPsnr: Double?
  /// Clean pictures that were given to it.
  public let cleanPictures: Int
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

  /// Mean PSNR on luma that is rounded to whole numbers, as MATLAB does.
  public var roundedLumaPsnr: Double { Self.mean(rows.map(\.roundedLumaPsnr)) }
  /// Mean structural similarity of scikit-image's default form.
  public var ssimUniform: Double { Self.mean(rows.map(\.ssimUniform)) }
  /// Mean PSNR of values that are cut to the range and not rounded; nil for methods that give pictures.
  public var unroundedPsnr: Double? { Self.meanIfAny(rows.compactMap(\.unroundedPsnr)) }
  /// Mean PSNR of values as the network gives them; nil for methods that give pictures.
  public var uncutPsnr: Double? { Self.meanIfAny(rows.compactMap(\.uncutPsnr)) }

  /// Bounds of the 95 % interval of ``psnr``, by bootstrap over pictures or folders of them.
  public var psnrInterval: [Double]? { interval(\.psnr) }
  /// Bounds of the 95 % interval of ``ssim``.
  public var ssimInterval: [Double]? { interval(\.ssim) }

  private func interval(_ value: (Row) -> Double) -> [Double]? {
    let finite = rows.filter { value($0).isFinite }
    let groups = Self.groups(of: rows.map(\.name))
    var numbers: [String: Int] = [:]
    for row in finite where numbers[groups.of(row.name)] == nil {
      numbers[groups.of(row.name)] = numbers.count
    }
    return bootstrapInterval(
      of: finite.map(value), groups: finite.map { numbers[groups.of($0.name)] ?? 0 },
      resamplings: 2000, seed: 0)
  }

  private static func meanIfAny(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : mean(values)
  }

  private static func mean(_ values: [Double]) -> Double {
    let finite = values.filter(\.isFinite)
    return finite.reduce(0, +) / Double(max(finite.count, 1))
  }

  /// How the numbers were made.
  public var caption: String {
    let cut = border == 0 ? "no border cut" : "\(border) pixels cut on each side"
    let equal = rows.count { !$0.psnr.isFinite }
    var means =
      "Means over \(rows.count) pictures of \(path), degradation \(degradation)"
    if equal > 0 { means += "; \(equal) equal the truth and are in no mean of PSNR" }
    if !skipped.isEmpty { means += "; \(skipped.count) left out" }
    var sentences = [
      "PSNR and SSIM on RGB of pictures rounded to 8 bits, \(cut), SSIM with an 11×11 Gaussian of σ 1.5 "
        + "inside the picture (ssim2d); ssim3d is MATLAB's form on colour pictures, ssimUniform "
        + "scikit-image's default of 7×7 means; luma is 16…235 and not rounded, “Y rounded” is MATLAB's.",
      "“Unrounded” compares values cut to 0…1, “uncut” as the network gives them.", means + ".",
      "Intervals of 95 % by bootstrap over \(Self.groups(of: rows.map(\.name)).name).",
    ]
    if let cleanPsnr {
      let loss =
        cleanPsnr < Self.cleanBound
        ? ", a loss that can be seen (below \(Int(Self.cleanBound)))" : ""
      sentences.append(
        "\(cleanPictures) clean pictures given to it come back at \(RestorationTable.text(cleanPsnr)) dB"
          + loss + ".")
    }
    if degradation.hasPrefix("sr") { sentences.append("Spoiled is the bicubic enlargement.") }
    if tiling?.averagesTurns == true { sentences.append("Mean over the eight turns of a picture.") }
    return sentences.joined(separator: " ")
  }

  /// PSNR in dB that a clean picture should keep.
  public static let cleanBound = 40.0

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
    case lumaPsnr, lumaSsim, ssim3d, roundedLumaPsnr, ssimUniform, unroundedPsnr, uncutPsnr, border
    case psnrInterval, ssimInterval, cleanPsnr, skipped, seconds, caption
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
    try container.encode(roundedLumaPsnr, forKey: .roundedLumaPsnr)
    try container.encode(ssimUniform, forKey: .ssimUniform)
    try container.encodeIfPresent(unroundedPsnr, forKey: .unroundedPsnr)
    try container.encodeIfPresent(uncutPsnr, forKey: .uncutPsnr)
    try container.encode(border, forKey: .border)
    try container.encodeIfPresent(psnrInterval, forKey: .psnrInterval)
    try container.encodeIfPresent(ssimInterval, forKey: .ssimInterval)
    try container.encodeIfPresent(cleanPsnr, forKey: .cleanPsnr)
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
