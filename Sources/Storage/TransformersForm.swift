import Foundation

/// The two descriptions of a folder of the transformers library, kept so that what was read in that form
/// goes back into it with all that is not understood here.
public struct TransformersForm: Sendable, Hashable {
  /// `config.json` as it was read.
  let network: Data
  /// `preprocessor_config.json` as it was read.
  let preprocessor: Data
  /// Names by which the form of the weights is known.
  public let names: Set<String>

  /// Name of the second description.
  static let preprocessorName = "preprocessor_config.json"

  /// Writes both files, with the picture size and the preparation of a configuration.
  func write(
    _ configuration: ModelConfiguration, folder: URL
  ) throws(ModelFolderError) {
    let preparation = configuration.pretrainedCfg
    let (height, width) = (preparation.inputSize[1], preparation.inputSize[2])
    do {
      var changed = try fields(of: network)
      changed["image_size"] = height == width ? height : [height, width]
      changed["swift_vision"] = try fields(of: JSONEncoder().encode(configuration.swiftVision))
      var prepared = try fields(of: preprocessor)
      prepared["image_mean"] = preparation.mean.map(decimal)
      prepared["image_std"] = preparation.std.map(decimal)
      prepared["do_normalize"] = true
      prepared["do_resize"] = true
      prepared["resample"] = ["nearest": 0, "bilinear": 2, "bicubic": 3][preparation.interpolation]
      switch preparation.cropMode ?? .center {
      case .squash:
        prepared["size"] = ["height": height, "width": width]
        prepared["crop_size"] = nil
        prepared["do_center_crop"] = false
      case .center:
        let edge = Float(min(height, width)) / preparation.cropPct
        prepared["size"] = ["shortest_edge": Int(edge.rounded(.down))]
        prepared["crop_size"] = ["height": height, "width": width]
        prepared["do_center_crop"] = true
      }
      for (name, fields) in [
        (Self.preprocessorName, prepared), (ModelConfiguration.fileName, changed),
      ] {
        try JSONSerialization.data(withJSONObject: fields, options: [.prettyPrinted, .sortedKeys])
          .write(to: folder.appendingPathComponent(name), options: .atomic)
      }
    } catch {
      throw .unwritable(path: folder.path, reason: "\(error)")
    }
  }

  private func fields(of data: Data) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  /// The number that a person would write: 0.485, not the double next to it in single precision.
  private func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
}
