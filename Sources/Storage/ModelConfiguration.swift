public import Foundation

/// The `config.json` of a model folder, in the form timm reads, with our own additions under
/// `swift_vision`.
public struct ModelConfiguration: Codable, Sendable, Hashable {
  /// Name in the backbone catalog, which is timm's where timm has the network.
  public var architecture: String
  /// Outputs of a classifier; 0 for a feature network.
  public var numClasses: Int
  /// Length of a feature vector.
  public var numFeatures: Int
  /// How features are pooled, in timm's words; empty where the file does not say.
  public var globalPool: String
  /// Arguments for building the network.
  public var modelArgs: Arguments
  /// How pictures are prepared.
  public var pretrainedCfg: Preparation
  /// What timm has no field for.
  public var swiftVision: Additions
  /// The description in the form of the transformers library that this one was read from, in which it is
  /// also written; nil for timm's form.
  public var transformers: TransformersForm?

  /// Facts that only this tool-kit uses.
  public struct Additions: Codable, Sendable, Hashable {
    /// Length of the contrastive embedding whose head is stored beside the backbone; 0 for none.
    public var embedding: Int
    /// What made the weights, in a few words.
    public var origin: String
    /// Stride of a residual network's last stage where it is not the usual 2.
    public var lastStride: Int?
    /// Length of the feature layer behind a network's pooling, for networks that have one.
    public var featureLayer: Int?
    /// Whether PETALface's shifted windows keep cells from opposite ends of a map apart, where they do not
    /// do as the network's name says.
    public var masksBorders: Bool?

    enum CodingKeys: String, CodingKey {
      case embedding, origin
      case masksBorders = "masks_borders"
      case lastStride = "last_stride"
      case featureLayer = "feature_layer"
    }

    /// Makes the additions.
    public init(
      embedding: Int, origin: String, lastStride: Int? = nil, featureLayer: Int? = nil
    ) {
      self.embedding = embedding
      self.origin = origin
      self.lastStride = lastStride
      self.featureLayer = featureLayer
    }
  }

  /// Makes a configuration; a network without classes gives features alone.
  public init(
    architecture: String, numClasses: Int = 0, numFeatures: Int, globalPool: String,
    modelArgs: Arguments,
    pretrainedCfg: Preparation, swiftVision: Additions
  ) {
    self.architecture = architecture
    self.numClasses = numClasses
    self.numFeatures = numFeatures
    self.globalPool = globalPool
    self.modelArgs = modelArgs
    self.pretrainedCfg = pretrainedCfg
    self.swiftVision = swiftVision
  }

  /// Name of the file in a model folder.
  public static let fileName = "config.json"
  /// Name of the weights in a model folder.
  public static let weightsName = "model.safetensors"

  /// Reads the configuration of a model folder written here, by timm, or by the transformers library.
  public init(folder: URL) throws(ModelFolderError) {
    let url = folder.appendingPathComponent(Self.fileName)
    guard let data = FileManager.default.contents(atPath: url.path) else {
      throw .noConfiguration(path: folder.path)
    }
    do {
      if let other = try TransformersConfiguration(data: data, folder: folder) {
        self = try other.configuration
      } else {
        self = try JSONDecoder().decode(ModelConfiguration.self, from: data)
      }
    } catch let error as DecodingError {
      throw .invalidConfiguration(path: url.path, reason: error.sentence)
    } catch {
      throw .invalidConfiguration(path: url.path, reason: "\(error)")
    }
    guard pretrainedCfg.inputSize.count == 3, pretrainedCfg.mean.count == 3,
      pretrainedCfg.std.count == 3, pretrainedCfg.std.allSatisfy({ $0 > 0 })
    else {
      throw .invalidConfiguration(
        path: url.path, reason: "input_size, mean and std need three values each")
    }
    guard pretrainedCfg.inputSize.allSatisfy({ (1...16_384).contains($0) }),
      pretrainedCfg.inputSize[0] == 3, pretrainedCfg.cropPct > 0, pretrainedCfg.cropPct <= 1
    else {
      throw .invalidConfiguration(
        path: url.path,
        reason: "input_size must be [3, height, width] and crop_pct above 0 and at most 1")
    }
    if let mistake = rangeMistake {
      throw .invalidConfiguration(path: url.path, reason: mistake)
    }
    guard ["bilinear", "bicubic", "nearest"].contains(pretrainedCfg.interpolation) else {
      throw .invalidConfiguration(
        path: url.path,
        reason: "interpolation \"\(pretrainedCfg.interpolation)\" is none of bilinear, bicubic and "
          + "nearest")
    }
  }

  /// Writes the configuration into a model folder, in the form that it was read in.
  public func write(folder: URL) throws(ModelFolderError) {
    if let transformers { return try transformers.write(self, folder: folder) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      let data = try encoder.encode(self)
      try data.write(to: folder.appendingPathComponent(Self.fileName), options: .atomic)
    } catch {
      throw .unwritable(path: folder.path, reason: "\(error)")
    }
  }
}
