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
  /// How features are pooled, in timm's words.
  public var globalPool: String
  /// Arguments for building the network.
  public var modelArgs: Arguments
  /// How pictures are prepared.
  public var pretrainedCfg: Preparation
  /// What timm has no field for.
  public var swiftVision: Additions

  /// Arguments for building the network.
  public struct Arguments: Codable, Sendable, Hashable {
    /// Picture size `[height, width]`, only for networks tied to one.
    public var imgSize: [Int]?
    /// Whether timm should normalise after pooling; our transformers normalise every token before it.
    public var fcNorm: Bool?

    enum CodingKeys: String, CodingKey {
      case imgSize = "img_size"
      case fcNorm = "fc_norm"
    }

    /// Makes the arguments.
    public init(imgSize: [Int]? = nil, fcNorm: Bool? = nil) {
      self.imgSize = imgSize
      self.fcNorm = fcNorm
    }
  }

  /// How pictures are prepared, in timm's words.
  public struct Preparation: Codable, Sendable, Hashable {
    /// `[3, height, width]`.
    public var inputSize: [Int]
    /// Filter of the resize.
    public var interpolation: String
    /// Share of the picture kept by a centre crop; 1 squashes the whole picture to the input size.
    public var cropPct: Float
    /// Subtracted from RGB values 0…1.
    public var mean: [Float]
    /// Divides the difference.
    public var std: [Float]

    enum CodingKeys: String, CodingKey {
      case inputSize = "input_size"
      case interpolation
      case cropPct = "crop_pct"
      case mean
      case std
    }

    /// Makes a preparation.
    public init(
      inputSize: [Int], interpolation: String = "bilinear", cropPct: Float = 1, mean: [Float],
      std: [Float]
    ) {
      self.inputSize = inputSize
      self.interpolation = interpolation
      self.cropPct = cropPct
      self.mean = mean
      self.std = std
    }
  }

  /// Facts that only this tool-kit uses.
  public struct Additions: Codable, Sendable, Hashable {
    /// Length of the contrastive embedding whose head is stored beside the backbone; 0 for none.
    public var embedding: Int
    /// What made the weights, in a few words.
    public var origin: String

    /// Makes the additions.
    public init(embedding: Int, origin: String) {
      self.embedding = embedding
      self.origin = origin
    }
  }

  enum CodingKeys: String, CodingKey {
    case architecture
    case numClasses = "num_classes"
    case numFeatures = "num_features"
    case globalPool = "global_pool"
    case modelArgs = "model_args"
    case pretrainedCfg = "pretrained_cfg"
    case swiftVision = "swift_vision"
  }

  /// Makes a configuration of a feature network.
  public init(
    architecture: String, numFeatures: Int, globalPool: String, modelArgs: Arguments,
    pretrainedCfg: Preparation, swiftVision: Additions
  ) {
    self.architecture = architecture
    numClasses = 0
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

  /// Reads the configuration of a model folder.
  public init(folder: URL) throws(ModelFolderError) {
    let url = folder.appendingPathComponent(Self.fileName)
    guard let data = FileManager.default.contents(atPath: url.path) else {
      throw .noConfiguration(path: folder.path)
    }
    do {
      self = try JSONDecoder().decode(ModelConfiguration.self, from: data)
    } catch {
      throw .invalidConfiguration(path: url.path, reason: "\(error)")
    }
    guard pretrainedCfg.inputSize.count == 3, pretrainedCfg.mean.count == 3,
      pretrainedCfg.std.count == 3, pretrainedCfg.std.allSatisfy({ $0 > 0 })
    else {
      throw .invalidConfiguration(
        path: url.path, reason: "input_size, mean and std need three values each")
    }
  }

  /// Writes the configuration into a model folder.
  public func write(folder: URL) throws(ModelFolderError) {
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

/// Why a model folder could not be used.
public enum ModelFolderError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The folder has no `config.json`.
  case noConfiguration(path: String)
  /// The configuration cannot be understood.
  case invalidConfiguration(path: String, reason: String)
  /// The folder cannot be written.
  case unwritable(path: String, reason: String)

  /// One sentence for the person who gave the folder.
  public var description: String {
    switch self {
    case .noConfiguration(let path):
      "The folder \(path) is no model: it has no config.json; give a run folder, a model folder or "
        + "random:BACKBONE."
    case .invalidConfiguration(let path, let reason):
      "The model description \(path) cannot be used: \(reason)."
    case .unwritable(let path, let reason):
      "The model folder \(path) cannot be written: \(reason)."
    }
  }
}
