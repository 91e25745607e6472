public import Backbones
public import Foundation
import Layers
public import Storage
public import Tensors

/// A network ready to be used, and what is known about it.
public struct LoadedModel {
  /// The network.
  public let backbone: any Backbone
  /// Name in the catalog, picture size, preparation.
  public let configuration: ModelConfiguration
  /// Folder it came from, or the reference itself for an untrained network.
  public let origin: String
  /// What happened to each tensor of the file; nil for an untrained network.
  public let report: LoadReport?
  /// Picture size whose positions the file holds; nil for an untrained network.
  public let storedExtent: Extent?

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

/// Reads and writes model folders: `config.json` and `model.safetensors`.
public enum ModelFolder {
  /// Makes the backbone of a name, untrained.
  public static func makeNetwork(
    named name: String, options: BackboneOptions = .init(), random: RandomStream
  ) throws(ModelReferenceError) -> (backbone: any Backbone, entry: BackboneCatalog.Entry) {
    guard let entry = BackboneCatalog.entry(named: name) else {
      throw .unknownBackbone(name: name, known: BackboneCatalog.all.map(\.name))
    }
    do {
      return (try entry.make(options, random: random.split("backbone")), entry)
    } catch {
      throw .backbone(error)
    }
  }

  /// Makes the backbone of a name for pretraining at a picture size, untrained.
  public static func makeBackbone(
    named name: String, extent: Extent? = nil, random: RandomStream
  ) throws(ModelReferenceError) -> (backbone: any MaskableBackbone, entry: BackboneCatalog.Entry) {
    try makeBackbone(named: name, options: .init(image: extent), random: random)
  }

  /// Makes the backbone of a name for pretraining with some of its numbers chosen, untrained.
  public static func makeBackbone(
    named name: String, options: BackboneOptions, random: RandomStream
  ) throws(ModelReferenceError) -> (backbone: any MaskableBackbone, entry: BackboneCatalog.Entry) {
    let made = try makeNetwork(named: name, options: options, random: random)
    guard let backbone = made.backbone as? any MaskableBackbone else {
      throw .notMaskable(name: name)
    }
    return (backbone, made.entry)
  }

  /// The description of a backbone as it is written to `config.json`.
  public static func configuration(
    of backbone: any Backbone, entry: BackboneCatalog.Entry, embedding: Int, origin: String
  ) -> ModelConfiguration {
    let extent = backbone.inputExtent
    let isTied = !backbone.acceptsAnyExtent
    let transformer = (backbone as? VisionTransformer)?.configuration
    let pool = transformer?.pooling == .token ? "token" : "avg"
    var arguments = ModelConfiguration.Arguments(
      imgSize: isTied ? [extent.height, extent.width] : nil,
      fcNorm: nil)
    // timm takes both from the arguments of a plain transformer alone, and knows no such arguments of
    // one in BEiT's shape.
    if let transformer, transformer.positions == .absolute {
      arguments.globalPool = pool
      arguments.fcNorm = transformer.normalizesAfterPooling
      // Whether there is a layer scale is not told by the architecture's name alone.
      arguments.initValues = transformer.layerScale
    }
    return ModelConfiguration(
      architecture: entry.name, numFeatures: backbone.featureWidth, globalPool: pool,
      modelArgs: arguments,
      pretrainedCfg: .init(
        inputSize: [3, extent.height, extent.width], mean: entry.preprocessing.mean,
        std: entry.preprocessing.deviation),
      swiftVision: .init(embedding: embedding, origin: origin))
  }

  /// Opens a run folder (its best model, else its last), a model folder, or `random:BACKBONE`; with
  /// `@HEIGHTxWIDTH` behind it, for pictures of that size.
  ///
  /// Model folders may be written here, by timm, or by the transformers library, and their weights
  /// may have the names of any form that the backbone's catalog entry knows. Loading is strict.
  ///
  /// - Parameters:
  ///   - reference: what to open.
  ///   - extent: picture size, before that of the reference.
  ///   - seed: seed of an untrained network's weights.
  public static func load(
    _ reference: String, extent asked: Extent? = nil, seed: Int = 0
  ) throws -> LoadedModel {
    if reference.hasPrefix("random:") {
      var (name, extent) = Self.parts(of: reference.dropFirst("random:".count))
      extent = asked ?? extent
      let made = try makeNetwork(
        named: name, options: .init(image: extent), random: RandomStream(seed: UInt64(seed)))
      return LoadedModel(
        backbone: made.backbone,
        configuration: configuration(
          of: made.backbone, entry: made.entry, embedding: 0, origin: "untrained, seed \(seed)"),
        origin: reference, report: nil, storedExtent: nil)
    }
    var (path, extent) = (reference, Extent?.none)
    if !FileManager.default.fileExists(atPath: path) { (path, extent) = parts(of: path[...]) }
    return try load(
      folder: try modelFolder(of: URL(fileURLWithPath: path)), extent: asked ?? extent)
  }

  private static func load(folder: URL, extent: Extent?) throws -> LoadedModel {
    var configuration = try ModelConfiguration(folder: folder)
    let size = configuration.pretrainedCfg.inputSize
    let prepared = Extent(height: size[1], width: size[2])
    var options = try BackboneOptions(configuration, folder: folder)
    // The grid of the stored positions is that of the arguments, whatever size is asked for now.
    let stored = options.image ?? prepared
    let image = extent ?? (configuration.transformers == nil ? stored : prepared)
    options.image = image
    // timm would open the folder as its own network of stride 2: such a network has another name.
    if options.lastStride == 1,
      let named = BackboneCatalog.entry(named: configuration.architecture + "_stride1")
    {
      configuration.architecture = named.name
      configuration.swiftVision.lastStride = nil
    }
    let made = try makeNetwork(
      named: configuration.architecture, options: options, random: .blank)
    let resizable = made.backbone as? any ResizableBackbone
    let report = try ModuleWeights.read(
      into: made.backbone, from: folder.appendingPathComponent(ModelConfiguration.weightsName),
      isFresh: true, naming: made.entry.naming,
      isPerPlace: { image != stored && resizable?.hasValuePerPlace($0) == true },
      resize: { resizable?.resized($0, $1, from: stored) })
    if extent != nil || !made.backbone.acceptsAnyExtent {
      configuration.pretrainedCfg.inputSize = [3, image.height, image.width]
    }
    if configuration.modelArgs.imgSize != nil {
      configuration.modelArgs.imgSize = [image.height, image.width]
    }
    return LoadedModel(
      backbone: made.backbone, configuration: configuration, origin: folder.path, report: report,
      storedExtent: stored)
  }

  /// The name and picture size of `NAME` or `NAME@HEIGHTxWIDTH`; a size that is none stays in the name.
  static func parts(of text: Substring) -> (name: String, extent: Extent?) {
    let halves = text.split(separator: "@", maxSplits: 1)
    let sides = halves.count == 2 ? halves[1].split(separator: "x").compactMap { Int($0) } : []
    guard sides.count == 2 else { return (String(text), nil) }
    return (String(halves[0]), Extent(height: sides[0], width: sides[1]))
  }

  static func modelFolder(of url: URL) throws(ModelReferenceError) -> URL {
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

  /// Writes a model folder; what was read in the form of the transformers library is written in it.
  ///
  /// `overrides` replaces weights by path, for example by their averages, and halves are 16-bit floats.
  public static func write(
    _ backbone: any Backbone, configuration: ModelConfiguration,
    overrides: [String: Tensor] = [:], asHalves: Bool = false, to folder: URL
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let entry = BackboneCatalog.entry(named: configuration.architecture)
    let naming = configuration.transformers.flatMap { entry?.naming(of: $0.names) } ?? .own
    try ModuleWeights.write(
      backbone, naming: naming, overrides: overrides,
      metadata: configuration.transformers == nil ? [:] : ["format": "pt"], asHalves: asHalves,
      to: folder.appendingPathComponent(ModelConfiguration.weightsName))
    // Last: a folder with a description is a whole model.
    try configuration.write(folder: folder)
  }
}
