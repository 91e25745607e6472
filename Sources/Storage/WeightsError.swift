/// Why weights do not fit a module.
public enum WeightsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The same path has another shape in the file.
  case shapeMismatch(path: String, name: String, file: [Int], module: [Int])
  /// The tensor belongs to the places of a picture of another size, and cannot be fitted.
  case ofOtherPlaces(path: String, name: String)
  /// The file does not hold all of the module, or holds more.
  case incomplete(path: String, report: LoadReport)
  /// A weight is NaN or infinite.
  case notFinite(path: String, name: String)

  /// One sentence for the person who gave the file.
  public var description: String {
    switch self {
    case .shapeMismatch(let path, let name, let file, let module):
      "The weight \"\(name)\" of \(path) has shape \(file) but the network needs \(module): the file "
        + "belongs to another backbone or picture size."
    case .ofOtherPlaces(let path, let name):
      "The weight \"\(name)\" of \(path) has a value for every place of a picture of another size, and "
        + "cannot be fitted to this one: open the model without @HEIGHTxWIDTH."
    case .incomplete(let path, let report):
      "The weights in \(path) do not fit the network: \(report.summary)."
    case .notFinite(let path, let name):
      "The weight \"\(name)\" of \(path) holds NaN or infinite values, so the file is damaged or the "
        + "training that wrote it diverged."
    }
  }
}
