import Foundation

/// The `config.json` and `preprocessor_config.json` of the transformers library, for a vision
/// transformer.
struct TransformersConfiguration {
  private struct Network: Decodable {
    let model_type: String?
    let architecture: String?
    let architectures: [String]?
    let hidden_size: Int?
    let num_hidden_layers: Int?
    let num_attention_heads: Int?
    let intermediate_size: Int?
    let layer_norm_eps: Float?
    let image_size: Sides?
    let patch_size: Int?
    let hidden_act: String?
    let qkv_bias: Bool?
    let id2label: [String: String]?
  }

  private struct Preprocessor: Decodable {
    let image_mean: [Float]
    let image_std: [Float]
    let resample: Int?
  }

  /// One side of a square, or height and width.
  private struct Sides: Decodable {
    let values: [Int]

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let side = try? container.decode(Int.self) {
        values = [side, side]
      } else {
        values = try container.decode([Int].self)
      }
    }
  }

  /// Why a description is of no use here.
  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  private let network: Network
  private let folder: URL

  /// Reads the description, or nil where it is none of that library's.
  init?(data: Data, folder: URL) throws {
    guard let network = try? JSONDecoder().decode(Network.self, from: data),
      network.architecture == nil, network.model_type != nil
    else { return nil }
    self.network = network
    self.folder = folder
  }

  /// The same network in timm's words.
  var configuration: ModelConfiguration {
    get throws {
      guard network.model_type == "vit" else {
        throw Refusal(
          description:
            "networks of type \"\(network.model_type ?? "")\" of the transformers library "
            + "are not read; of its networks only \"vit\" is")
      }
      guard network.hidden_act ?? "gelu" == "gelu", network.qkv_bias ?? true else {
        throw Refusal(
          description: "only exact GELU and biases on query, key and value are built here")
      }
      let width = network.hidden_size ?? 768
      let hidden = network.intermediate_size ?? 4 * width
      let size = network.image_size?.values ?? [224, 224]
      guard width > 0, hidden % width == 0, size.count == 2 else {
        throw Refusal(description: "intermediate_size must be a multiple of hidden_size")
      }
      let classes =
        network.architectures?.contains { $0.hasSuffix("ForImageClassification") } == true
        ? network.id2label?.count ?? 2 : 0
      var arguments = ModelConfiguration.Arguments(imgSize: size, fcNorm: false)
      arguments.globalPool = "token"
      arguments.patchSize = network.patch_size ?? 16
      arguments.embedDim = width
      arguments.depth = [network.num_hidden_layers ?? 12]
      arguments.numHeads = [network.num_attention_heads ?? 12]
      arguments.mlpRatio = hidden / width
      arguments.normEpsilon = network.layer_norm_eps ?? 1e-12
      let preprocessor = try preprocessor
      return ModelConfiguration(
        architecture: "vit_base_patch16_224", numClasses: classes, numFeatures: width,
        globalPool: "token", modelArgs: arguments,
        pretrainedCfg: .init(
          inputSize: [3] + size,
          interpolation: preprocessor.resample == 3 ? "bicubic" : "bilinear",
          mean: preprocessor.image_mean, std: preprocessor.image_std),
        swiftVision: .init(embedding: 0, origin: "weights of the transformers library"))
    }
  }

  private var preprocessor: Preprocessor {
    get throws {
      let name = "preprocessor_config.json"
      guard
        let data = FileManager.default.contents(
          atPath: folder.appendingPathComponent(name).path)
      else {
        throw Refusal(
          description: "\(name) is missing beside it, so nobody knows how pictures are prepared")
      }
      return try JSONDecoder().decode(Preprocessor.self, from: data)
    }
  }
}
