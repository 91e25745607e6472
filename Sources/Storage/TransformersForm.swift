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
    var (network, preprocessor) = (
      JSONObjectText([UInt8](self.network)), JSONObjectText([UInt8](self.preprocessor))
    )
    network.set("image_size", to: height == width ? "\(height)" : "[\(height), \(width)]")
    preprocessor.set("image_mean", to: "\(preparation.mean)")
    preprocessor.set("image_std", to: "\(preparation.std)")
    let filters = ["nearest": 0, "bilinear": 2, "bicubic": 3]
    preprocessor.set("resample", to: "\(filters[preparation.interpolation] ?? 2)")
    for key in ["do_normalize", "do_resize"] { preprocessor.set(key, to: "true") }
    func whole(_ side: Int) -> Int { Int((Float(side) / preparation.cropPct).rounded()) }
    func sides(_ height: Int, _ width: Int) -> String {
      "{\"height\": \(height), \"width\": \(width)}"
    }
    let isCropped = preparation.cropMode != .squash || preparation.cropPct < 1
    preprocessor.set(
      "size",
      to: preparation.cropMode == .squash
        ? sides(whole(height), whole(width)) : "{\"shortest_edge\": \(whole(min(height, width)))}")
    preprocessor.set("crop_size", to: isCropped ? sides(height, width) : "null")
    preprocessor.set("do_center_crop", to: "\(isCropped)")
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      network.set(
        "swift_vision",
        to: String(decoding: try encoder.encode(configuration.swiftVision), as: UTF8.self))
      for (name, text) in [
        (Self.preprocessorName, preprocessor), (ModelConfiguration.fileName, network),
      ] {
        try Data(text.bytes).write(to: folder.appendingPathComponent(name), options: .atomic)
      }
    } catch {
      throw .unwritable(path: folder.path, reason: "\(error)")
    }
  }
}
