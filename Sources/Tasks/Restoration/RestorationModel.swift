public import Backbones
import Foundation
public import Layers
import Storage
public import Training

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
  /// What is told about its opening.
  public let notice: LoadNotice
  /// What was left out of adapter folders, in a sentence each.
  public let adapterNotes: [String]

  private init(
    name: String, backbone: any RestorationBackbone, shape: Shape?, origin: String,
    notice: LoadNotice, adapterNotes: [String]
  ) {
    self.adapterNotes = adapterNotes
    self.name = name
    self.backbone = backbone
    self.shape = shape
    self.origin = origin
    self.notice = notice
  }

  /// Opens a run folder (its best model), a model folder of a restoration network, or `random:NETWORK`.
  ///
  /// - Parameters:
  ///   - reference: what to open.
  ///   - seed: seed of the weights of `random:NETWORK`.
  ///   - adapters: folders of adapters to put on the network, beside the one that the model needs.
  /// - Throws: ``TaskError`` or `ModelReferenceError` for a name or folder that means nothing here, or
  ///   the error of the description, the weight file or the adapter.
  public static func load(
    _ reference: String, seed: Int = 0, adapters: AdapterFolders = []
  ) throws -> RestorationModel {
    let (model, shape) = try open(reference, seed: seed)
    let adapted = try ModelAdapters(adapters, on: model.network, of: model.origin)
    return RestorationModel(
      name: model.name, backbone: model.network,
      shape: adapted.description?.restoration ?? shape, origin: model.origin,
      notice: LoadNotice(model), adapterNotes: adapted.notes)
  }

  private static func open(
    _ reference: String, seed: Int
  ) throws -> (model: LoadedRestorationModel, shape: Shape?) {
    if reference.hasPrefix("random:") {
      return (try RestorationModelFolder.load(reference, seed: seed), nil)
    }
    let root = URL(fileURLWithPath: reference)
    guard FileManager.default.fileExists(atPath: root.path) else {
      throw TaskError.missingModel(path: reference)
    }
    for folder in [root.appendingPathComponent("best"), root.appendingPathComponent("last"), root] {
      guard let shape = try TaskDescription(folder: folder)?.restoration else { continue }
      return (try RestorationModelFolder.load(folder: folder, named: shape.network), shape)
    }
    // Without a task.json: written by vision-export, or from published weights.
    guard try RestorationModelFolder.name(of: reference) != nil else {
      throw TaskError.unusableModel(
        path: reference,
        reason: "it is no restoration model; its \(ModelConfiguration.fileName) would name one of "
          + RestorationCatalog.all.map(\.name).joined(separator: ", "))
    }
    return (try RestorationModelFolder.load(reference), nil)
  }
}
