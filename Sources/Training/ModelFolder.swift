public import Backbones
public import Foundation
public import Storage
public import Tensors

/// A network ready to be used, and what is known about it.
public struct LoadedModel {
  /// The network.
  public let backbone: any MaskableBackbone
  /// Name in the catalog, picture size, preparation.
  public let configuration: ModelConfiguration
  /// Folder it came from, or the reference itself for an untrained network.
  public let origin: String

  /// How pictures must be prepared.
  public var preprocessing: Preprocessing {
    Preprocessing(
      mean: configuration.pretrainedCfg.mean, deviation: configuration.pretrainedCfg.std)
  }

  /// Picture size the network expects.
  public var extent: Extent {
    let size = configuration.pretrainedCfg.inputSize
    return Extent(height: size[1], width: size[2])
  }
}

/// Why a model reference could not be used.
public enum ModelReferenceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// No backbone has this name.
  case unknownBackbone(name: String, known: [String])
  /// There is no such folder.
  case missing(path: String)
  /// The picture size does not suit the backbone.
  case unsuitableExtent(name: String, extent: Extent, unit: Int)

  /// One sentence for the person who gave the reference.
  public var description: String {
    switch self {
    case .unknownBackbone(let name, let known):
      "There is no backbone \"\(name)\"; known are \(known.joined(separator: ", "))."
    case .missing(let path):
      "There is no model \(path): give a run folder, a model folder or random:BACKBONE."
    case .unsuitableExtent(let name, let extent, let unit):
      "Pictures of \(extent.height)x\(extent.width) do not suit \(name): both sides must be multiples "
        + "of \(unit)."
    }
  }
}

/// Reads and writes model folders: `config.json` and `model.safetensors`.
public enum ModelFolder {
  /// Makes the backbone of a name for a picture size, untrained.
  public static func makeBackbone(
    named name: String, extent: Extent? = nil, random: RandomStream
  ) throws(ModelReferenceError) -> (backbone: any MaskableBackbone, entry: BackboneCatalog.Entry) {
    guard let entry = BackboneCatalog.entry(named: name) else {
      throw .unknownBackbone(name: name, known: BackboneCatalog.all.map(\.name))
    }
    let extent = extent ?? entry.defaultExtent
    guard extent.height % entry.extentUnit == 0, extent.width % entry.extentUnit == 0,
      extent.height > 0, extent.width > 0
    else { throw .unsuitableExtent(name: name, extent: extent, unit: entry.extentUnit) }
    return (entry.make(extent, random.split("backbone")), entry)
  }

  /// The description of a backbone as it is written to `config.json`.
  public static func configuration(
    of backbone: any MaskableBackbone, entry: BackboneCatalog.Entry, embedding: Int, origin: String
  ) -> ModelConfiguration {
    let extent = backbone.inputExtent
    let isTied = !backbone.acceptsAnyExtent
    return ModelConfiguration(
      architecture: entry.name, numFeatures: backbone.featureWidth, globalPool: "avg",
      modelArgs: .init(
        imgSize: isTied ? [extent.height, extent.width] : nil, fcNorm: isTied ? false : nil),
      pretrainedCfg: .init(
        inputSize: [3, extent.height, extent.width], mean: entry.preprocessing.mean,
        std: entry.preprocessing.deviation),
      swiftVision: .init(embedding: embedding, origin: origin))
  }

  /// Opens a run folder (its best model, else its last), a model folder, `random:BACKBONE` or
  /// `random:BACKBONE@HEIGHTxWIDTH`.
  public static func load(_ reference: String, seed: Int = 0) throws -> LoadedModel {
    if reference.hasPrefix("random:") {
      let (name, extent) = Self.parts(of: reference.dropFirst("random:".count))
      let made = try makeBackbone(
        named: name, extent: extent, random: RandomStream(seed: UInt64(seed)))
      return LoadedModel(
        backbone: made.backbone,
        configuration: configuration(
          of: made.backbone, entry: made.entry, embedding: 0, origin: "untrained, seed \(seed)"),
        origin: reference)
    }
    let folder = try modelFolder(of: URL(fileURLWithPath: reference))
    let configuration = try ModelConfiguration(folder: folder)
    let size = configuration.pretrainedCfg.inputSize
    let made = try makeBackbone(
      named: configuration.architecture, extent: Extent(height: size[1], width: size[2]),
      random: RandomStream(seed: 0))
    try ModuleWeights.read(
      into: made.backbone,
      from: folder.appendingPathComponent(ModelConfiguration.weightsName))
    return LoadedModel(
      backbone: made.backbone, configuration: configuration, origin: folder.path)
  }

  /// The name and picture size of `NAME` or `NAME@HEIGHTxWIDTH`; a size that is none stays in the name.
  private static func parts(of text: Substring) -> (name: String, extent: Extent?) {
    let halves = text.split(separator: "@", maxSplits: 1)
    let sides = halves.count == 2 ? halves[1].split(separator: "x").compactMap { Int($0) } : []
    guard sides.count == 2 else { return (String(text), nil) }
    return (String(halves[0]), Extent(height: sides[0], width: sides[1]))
  }

  private static func modelFolder(of url: URL) throws(ModelReferenceError) -> URL {
    let files = FileManager.default
    guard files.fileExists(atPath: url.path) else { throw .missing(path: url.path) }
    for name in ["best", "last"] {
      let inner = url.appendingPathComponent(name)
      // A run that was killed while it wrote a model leaves one file of the two.
      let isComplete = [ModelConfiguration.fileName, ModelConfiguration.weightsName].allSatisfy {
        files.fileExists(atPath: inner.appendingPathComponent($0).path)
      }
      if isComplete { return inner }
    }
    return url
  }

  /// Writes a model folder; `overrides` replaces weights by path, for example by their averages.
  public static func write(
    _ backbone: any MaskableBackbone, configuration: ModelConfiguration,
    overrides: [String: Tensor] = [:], to folder: URL
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try ModuleWeights.write(
      backbone, overrides: overrides,
      to: folder.appendingPathComponent(ModelConfiguration.weightsName))
    // Last: a folder with a description is a whole model.
    try configuration.write(folder: folder)
  }
}
