public import Foundation

/// Every measure of quality that can be asked for by name.
public enum QualityCatalog {
  /// Names, in the order in which they are listed.
  public static let names = [PictureDetail.name, Sharpness.name, LearnedQuality.name]

  /// The measure of a name.
  ///
  /// - Parameter folder: where the network of a learned measure is, under ``LearnedQuality/fileName``.
  /// - Throws: `QualityError.unknownMetric`, `.missingNetwork`, or what reading the network throws.
  public static func metric(named name: String, folder: URL? = nil) throws -> any QualityMetric {
    switch name {
    case PictureDetail.name: return PictureDetail()
    case Sharpness.name: return Sharpness()
    case LearnedQuality.name:
      guard let file = folder?.appendingPathComponent(LearnedQuality.fileName),
        FileManager.default.fileExists(atPath: file.path)
      else { throw QualityError.missingNetwork(folder: folder?.path) }
      return try LearnedQuality(contentsOf: file)
    default: throw QualityError.unknownMetric(name: name, known: names)
    }
  }
}
