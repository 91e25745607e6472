public import Backbones
import Foundation
public import Layers
import Storage
import Tensors

/// A restoration network with its name, ready to be trained or used.
public final class RestorationModel: Module {
  /// What a model folder tells about a restoration network.
  public struct Shape: Codable, Sendable, Hashable {
    /// Name in the catalog.
    public var network: String
    /// Side of a tile for whole pictures in pixels; 0 restores them whole.
    public var tile: Int
    /// Pixels that neighbouring tiles share.
    public var overlap: Int
    /// What it was trained against.
    public var degradation: String
    /// What made the weights, in a few words.
    public var origin: String
  }

  /// Name in the catalog.
  public let name: String
  /// The network.
  public let backbone: any RestorationBackbone
  /// What is known about its training; nil for an untrained network.
  public let shape: Shape?
  /// The folder it came from, or the reference itself.
  public let origin: String

  private init(
    name: String, backbone: any RestorationBackbone, shape: Shape?, origin: String
  ) {
    self.name = name
    self.backbone = backbone
    self.shape = shape
    self.origin = origin
  }

  /// Opens a run folder (its best model), a model folder of this task, or `random:NETWORK`.
  ///
  /// - Parameters:
  ///   - reference: what to open.
  ///   - seed: seed of the weights of `random:NETWORK`.
  ///   - adapters: folders of adapters to put on the network, beside the one that the model needs.
  /// - Throws: ``TaskError`` for a name or folder that means nothing here, or the error of the weight
  ///   file or the adapter.
  public static func load(
    _ reference: String, seed: Int = 0, adapters: [String] = []
  ) throws -> RestorationModel {
    if reference.hasPrefix("random:") {
      let name = String(reference.dropFirst("random:".count))
      let backbone = try make(name, seed: seed)
      let adapted = try ModelAdapters(adapters, on: backbone, of: reference)
      return RestorationModel(
        name: name, backbone: backbone, shape: adapted.description?.restoration, origin: reference)
    }
    let root = URL(fileURLWithPath: reference)
    guard FileManager.default.fileExists(atPath: root.path) else {
      throw TaskError.missingModel(path: reference)
    }
    for folder in ["best", "last", ""].map({ $0.isEmpty ? root : root.appendingPathComponent($0) })
    {
      guard let shape = try TaskDescription(folder: folder)?.restoration else { continue }
      let backbone = try make(shape.network, seed: 0)
      try ModuleWeights.read(
        into: backbone, from: folder.appendingPathComponent(ModelConfiguration.weightsName))
      let adapted = try ModelAdapters(adapters, on: backbone, of: folder.path)
      return RestorationModel(
        name: shape.network, backbone: backbone,
        shape: adapted.description?.restoration ?? shape, origin: folder.path)
    }
    throw TaskError.unusableModel(
      path: reference,
      reason: "it is no restoration model (no task.json of vision-finetune --task restoration)")
  }

  private static func make(_ name: String, seed: Int) throws(TaskError) -> any RestorationBackbone {
    guard let entry = RestorationCatalog.entry(named: name) else {
      throw .unsuitableSettings(
        reason: "There is no restoration network \"\(name)\"; known are "
          + RestorationCatalog.all.map(\.name).joined(separator: ", ") + ".")
    }
    return entry.make(RandomStream(seed: UInt64(seed)).split("backbone"))
  }
}
