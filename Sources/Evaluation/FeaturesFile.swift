public import Foundation
import Storage

/// A safetensors file of features: tensor `features` `[images, width]` and the list of `paths`.
public enum FeaturesFile {
  /// Writes features in the order of their files.
  ///
  /// The metadata hold `paths` (a JSON list, one path for each row) beside `texts`.
  ///
  /// - Throws: `SafetensorsError.unwritable` if the file cannot be written.
  public static func write(
    _ matrix: FeatureMatrix, paths: [String], texts: [String: String] = [:], to url: URL
  ) throws {
    precondition(
      paths.count == matrix.count,
      "FeaturesFile: \(paths.count) paths for \(matrix.count) rows")
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    var metadata = texts
    metadata["paths"] = String(decoding: try encoder.encode(paths), as: UTF8.self)
    try SafetensorsWriter.write(
      [("features", [matrix.count, matrix.width], .float32(matrix.values))], metadata: metadata,
      to: url)
  }
}
