import Foundation
public import Reports

/// Scores of one or several restoration methods as a table.
public enum RestorationTable {
  /// One row for each result; the first line is the spoiled pictures themselves.
  public static func table(_ results: [RestorationResult]) -> TextTable {
    var table = TextTable(
      columns: [
        .init("method"), .init("PSNR", .right), .init("SSIM", .right), .init("gain dB", .right),
        .init("PSNR luma", .right), .init("SSIM luma", .right), .init("PSNR Y rounded", .right),
        .init("ssim3d", .right), .init("ssimUniform", .right), .init("unrounded", .right),
        .init("uncut", .right), .init("clean", .right), .init("pictures", .right),
      ])
    if let first = results.first {
      table.append([
        "spoiled", text(first.inputPsnr), text(first.inputSsim, decimals: 4), "", "", "", "", "",
        "", "",
        "", "",
        "\(first.rows.count)",
      ])
    }
    for result in results {
      table.append([
        result.reference, text(result.psnr) + text(result.psnrInterval),
        text(result.ssim, decimals: 4),
        text(result.psnr - result.inputPsnr), text(result.lumaPsnr),
        text(result.lumaSsim, decimals: 4), text(result.roundedLumaPsnr),
        text(result.ssim3d, decimals: 4), text(result.ssimUniform, decimals: 4),
        result.unroundedPsnr.map { text($0) } ?? "", result.uncutPsnr.map { text($0) } ?? "",
        result.cleanPsnr.map { text($0) } ?? "",
        "\(result.rows.count)",
      ])
    }
    table.caption = results.first?.caption
    return table
  }

  /// The bounds of an interval in brackets.
  private static func text(_ interval: [Double]?) -> String {
    interval.map { " (\(text($0[0]))…\(text($0[1])))" } ?? ""
  }

  /// A score with a fixed count of decimals.
  public static func text(_ value: Double, decimals: Int = 2) -> String {
    String(format: "%.\(decimals)f", value)
  }
}
