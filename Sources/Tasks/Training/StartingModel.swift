import Backbones
import Foundation
public import Training

/// Networks as the start of a training.
public enum StartingModel {
  /// Opens a network whose features a task learns from.
  ///
  /// - Throws: ``TaskError/unusableModel(path:reason:)`` for a model whose weights are not all of it; what
  ///   opening a model throws.
  public static func load(_ reference: String, seed: Int) throws -> LoadedModel {
    let model = try ModelFolder.load(reference, seed: seed)
    try TaskDescription.requireWhole(model.origin)
    return model
  }

  /// Opens a restoration network.
  ///
  /// - Throws: as ``load(_:seed:)``.
  public static func loadRestoration(_ reference: String, seed: Int) throws -> RestorationModel {
    let model = try RestorationModel.load(reference, seed: seed)
    try TaskDescription.requireWhole(model.origin)
    return model
  }

  /// Whether a reference is one of a restoration network: of a run of that task, or by its name.
  public static func isRestoration(_ reference: String) throws -> Bool {
    if reference.hasPrefix("random:") {
      return RestorationCatalog.entry(named: String(reference.dropFirst("random:".count))) != nil
    }
    let root = URL(fileURLWithPath: reference)
    return try ["best", "last", ""].contains { name in
      let folder = name.isEmpty ? root : root.appendingPathComponent(name)
      return try TaskDescription(folder: folder)?.restoration != nil
    }
  }
}
