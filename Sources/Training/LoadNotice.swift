import Backbones
import Foundation
import Storage

/// What is told about a model when it is opened: what became of the file's tensors, and how pictures are
/// prepared for it.
public struct LoadNotice: Sendable, Hashable {
  /// One line for everyone.
  public let summary: String
  /// A line for each tensor that was not simply read.
  public let details: [String]

  /// What is told about a network of features.
  public init(_ model: LoadedModel) {
    let preparation = model.configuration.pretrainedCfg
    func list(_ values: [Float]) -> String {
      values.map { String(format: "%g", Double($0)) }.joined(separator: ", ")
    }
    let fitting =
      switch preparation.cropMode ?? .center {
      case .squash: "squashed to the size"
      case .center: String(format: "the middle %g of the sides", Double(preparation.cropPct))
      }
    func size(_ extent: Extent) -> String { "\(extent.height)x\(extent.width)" }
    var positions = ""
    if let stored = model.storedExtent, model.report?.reshaped.isEmpty == false {
      positions =
        "positions of \(size(stored)) fitted to \(size(model.extent)), absolute ones antialiased as "
        + "in timm; "
    }
    let pooling =
      (model.backbone as? VisionTransformer).map {
        $0.configuration.pooling == .token
          ? ", features of the class token" : ", features of the mean of all patches"
      } ?? ""
    self.init(
      model.origin, model.configuration.architecture, model.report,
      preparation: positions + "pictures of \(size(model.extent)), \(fitting), "
        + "\(preparation.interpolation), mean \(list(preparation.mean)), std "
        + list(preparation.std) + pooling)
  }

  /// What is told about a restoration network.
  public init(_ model: LoadedRestorationModel) {
    self.init(
      model.origin, model.name, model.report,
      preparation: "pictures of any size, values 0…1 as they are")
  }

  private init(_ origin: String, _ name: String, _ report: LoadReport?, preparation: String) {
    let tensors =
      report.map { "tensors in \($0.naming) names: \($0.summary)" } ?? "untrained"
    summary = "\(origin) (\(name)): \(tensors); \(preparation)"
    details = report?.details.map { "\(origin): \($0)" } ?? []
  }
}
