public import Backbones
public import Foundation
public import Storage
import Tensors

/// A restoration network ready to be used, and where it came from.
public struct LoadedRestorationModel {
  /// The network.
  public let network: any RestorationBackbone
  /// Name in the catalog.
  public let name: String
  /// Folder it came from, or the reference itself for an untrained network.
  public let origin: String
  /// What happened to each tensor of the file; nil for an untrained network.
  public let report: LoadReport?
}

/// Reads and writes model folders of restoration networks: `config.json` and `model.safetensors`.
public enum RestorationModelFolder {
  /// The name that a reference asks for, if it is one of a restoration network.
  ///
  /// - Throws: the error of a folder whose description cannot be read.
  public static func name(of reference: String) throws -> String? {
    let name: String
    if reference.hasPrefix("random:") {
      name = String(reference.dropFirst("random:".count))
    } else {
      // Networks of features may be asked for at a picture size.
      let path =
        FileManager.default.fileExists(atPath: reference)
        ? reference : ModelFolder.parts(of: reference[...]).name
      let folder = try ModelFolder.modelFolder(of: URL(fileURLWithPath: path))
      name = try ModelConfiguration(folder: folder).architecture
    }
    return RestorationCatalog.entry(named: name)?.name
  }

  /// Opens a run folder (its best model, else its last), a model folder, or `random:NAME`.
  ///
  /// - Throws: `ModelReferenceError`, or the error of the description or weight file.
  public static func load(_ reference: String, seed: Int = 0) throws -> LoadedRestorationModel {
    if reference.hasPrefix("random:") {
      let name = String(reference.dropFirst("random:".count))
      let random = RandomStream(seed: UInt64(seed)).split("backbone")
      return LoadedRestorationModel(
        network: try entry(name).make(random), name: name, origin: reference, report: nil)
    }
    let folder = try ModelFolder.modelFolder(of: URL(fileURLWithPath: reference))
    let configuration = try ModelConfiguration(folder: folder)
    let entry = try entry(configuration.architecture)
    let arguments =
      configuration.modelArgs.names + (configuration.numClasses == 0 ? [] : ["num_classes"])
    let path = folder.appendingPathComponent(ModelConfiguration.fileName).path
    guard arguments.isEmpty else {
      throw ModelReferenceError.unknownArguments(path: path, names: arguments)
    }
    let preparation = configuration.pretrainedCfg
    guard preparation.mean == [0, 0, 0], preparation.std == [1, 1, 1] else {
      throw ModelFolderError.invalidConfiguration(
        path: path,
        reason:
          "mean and std are not 0 and 1, and networks for restoration take values 0…1 as they are")
    }
    return try load(folder: folder, named: entry.name)
  }

  /// Opens the weights of a model folder for the network of a name.
  ///
  /// - Throws: `ModelReferenceError` for an unknown name, or the error of the weight file.
  public static func load(folder: URL, named name: String) throws -> LoadedRestorationModel {
    let entry = try entry(name)
    let network = entry.make(.blank)
    let report = try ModuleWeights.read(
      into: network, from: folder.appendingPathComponent(ModelConfiguration.weightsName),
      isFresh: true, naming: entry.naming)
    return LoadedRestorationModel(network: network, name: name, origin: folder.path, report: report)
  }

  /// Writes a model folder; halves are 16-bit floats.
  public static func write(
    _ network: any RestorationBackbone, named name: String, made origin: String,
    asHalves: Bool = false, to folder: URL
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try ModuleWeights.write(
      network, asHalves: asHalves, to: folder.appendingPathComponent(ModelConfiguration.weightsName)
    )
    let extent = network.inputExtent
    // Pictures go in as they are: values 0…1 of any size.
    let configuration = ModelConfiguration(
      architecture: name, numFeatures: 3, globalPool: "", modelArgs: .init(),
      pretrainedCfg: .init(
        inputSize: [3, extent.height, extent.width], mean: [0, 0, 0], std: [1, 1, 1]),
      swiftVision: .init(embedding: 0, origin: origin))
    // Last: a folder with a description is a whole model.
    try configuration.write(folder: folder)
  }

  private static func entry(
    _ name: String
  ) throws(ModelReferenceError) -> RestorationCatalog.Entry {
    guard let entry = RestorationCatalog.entry(named: name) else {
      throw .unknownBackbone(name: name, known: RestorationCatalog.all.map(\.name))
    }
    return entry
  }
}
