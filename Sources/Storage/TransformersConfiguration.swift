import Foundation

/// The `config.json` and `preprocessor_config.json` of the transformers library, for the networks of that
/// library that are built here.
struct TransformersConfiguration {
  /// What tells a description of that library from timm's.
  private struct Kind: Decodable {
    let model_type: String?
    let architecture: String?
  }

  private struct Network: Decodable {
    let model_type: String?
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
    let mlp_ratio: Float?
    let num_register_tokens: Int?
    let use_swiglu_ffn: Bool?
    let embed_dim: Int?
    let depths: [Int]?
    let num_heads: [Int]?
    let window_size: Int?
    let use_absolute_embeddings: Bool?
    let swift_vision: ModelConfiguration.Additions?
  }

  private let network: Network
  private let preprocessor: TransformersPreprocessor
  private let data: Data

  /// Reads the description, or nil where it is none of that library's.
  init?(data: Data, folder: URL) throws {
    guard let kind = try? JSONDecoder().decode(Kind.self, from: data), kind.architecture == nil,
      kind.model_type != nil
    else { return nil }
    network = try JSONDecoder().decode(Network.self, from: data)
    self.data = data
    preprocessor = try TransformersPreprocessor(folder: folder)
  }

  /// The same network in timm's words.
  var configuration: ModelConfiguration {
    get throws {
      guard network.hidden_act ?? "gelu" == "gelu", network.qkv_bias ?? true else {
        throw TransformersRefusal(
          description: "only exact GELU and biases on query, key and value are built here")
      }
      let type = network.model_type ?? ""
      let built: Built
      switch type {
      case "vit": built = try plainTransformer
      case "dinov2", "dinov2_with_registers":
        built = try selfDistilled(hasRegisters: type != "dinov2")
      case "swin": built = try shiftedWindows
      default:
        throw TransformersRefusal(
          description:
            "networks of type \"\(type)\" of the transformers library are not read; of its networks "
            + "vit, swin, dinov2 and dinov2_with_registers are")
      }
      // A classifier of DINOv2's reads two vectors; it is no part of the network here.
      let isClassifier =
        network.architectures?.contains { $0.hasSuffix("ForImageClassification") } == true
        && !type.hasPrefix("dinov2")
      let size = built.arguments.imgSize ?? []
      let pool = type == "swin" ? "avg" : "token"
      // A model of one task keeps the network under the name of its kind.
      let isBare = network.architectures?.allSatisfy { $0.hasSuffix("Model") } ?? false
      var configuration = ModelConfiguration(
        architecture: built.name, numClasses: isClassifier ? network.id2label?.count ?? 2 : 0,
        numFeatures: built.width, globalPool: pool, modelArgs: built.arguments,
        pretrainedCfg: try preprocessor.preparation(
          size: size, isOwn: network.swift_vision != nil),
        swiftVision: network.swift_vision
          ?? .init(embedding: 0, origin: "weights of the transformers library"))
      let prefix = isBare ? "" : "\(type)."
      configuration.transformers = TransformersForm(
        network: data, preprocessor: preprocessor.data,
        names: Set(built.names.map { prefix + $0 }))
      return configuration
    }
  }

  private func size(_ side: Int) throws -> [Int] {
    let size = network.image_size?.values ?? [side, side]
    guard size.count == 2, size.allSatisfy({ $0 > 0 }) else {
      throw TransformersRefusal(description: "image_size is one number above 0 or two")
    }
    return size
  }

  private func ratio(_ value: Float) throws -> Int {
    guard let ratio = Int(exactly: value), ModelConfiguration.ratios.contains(ratio) else {
      throw TransformersRefusal(
        description: "the hidden width of an MLP must be a multiple of that of its input, not "
          + "\(value) times as much")
    }
    return ratio
  }

  private typealias Built = (
    arguments: ModelConfiguration.Arguments, name: String, width: Int,
    // Names that no other form of the network has, for writing it again.
    names: [String]
  )

  private func transformer(patch: Int, size: [Int], ratio: Int) -> ModelConfiguration.Arguments {
    var arguments = ModelConfiguration.Arguments(imgSize: size, fcNorm: false)
    arguments.globalPool = "token"
    arguments.patchSize = network.patch_size ?? patch
    arguments.embedDim = network.hidden_size ?? 768
    arguments.depth = [network.num_hidden_layers ?? 12]
    arguments.numHeads = [network.num_attention_heads ?? 12]
    arguments.mlpRatio = ratio
    return arguments
  }

  private var plainTransformer: Built {
    get throws {
      let width = network.hidden_size ?? 768
      guard width > 0 else { throw TransformersRefusal(description: "hidden_size must be above 0") }
      let hidden = network.intermediate_size.map { Float($0) } ?? 4 * Float(width)
      var arguments = transformer(
        patch: 16, size: try size(224), ratio: try ratio(hidden / Float(width)))
      arguments.normEpsilon = network.layer_norm_eps ?? 1e-12
      return (
        arguments, "vit_base_patch16_224", width, ["encoder.layer.0.layernorm_before.weight"]
      )
    }
  }

  private func selfDistilled(hasRegisters: Bool) throws -> Built {
    guard network.use_swiglu_ffn != true else {
      throw TransformersRefusal(description: "MLPs with gates (use_swiglu_ffn) are not built here")
    }
    var arguments = transformer(
      patch: hasRegisters ? 16 : 14, size: try size(224), ratio: try ratio(network.mlp_ratio ?? 4))
    arguments.normEpsilon = network.layer_norm_eps ?? 1e-6
    if hasRegisters { arguments.regTokens = network.num_register_tokens ?? 4 }
    return (
      arguments, hasRegisters ? "vit_small_patch14_reg4_dinov2" : "vit_base_patch14_dinov2",
      arguments.embedDim ?? 0,
      [
        "encoder.layer.0.layer_scale1.lambda1", "encoder.layer.0.attention.attention.query.weight",
      ] + (hasRegisters ? ["embeddings.register_tokens"] : [])
    )
  }

  private var shiftedWindows: Built {
    get throws {
      let depths = network.depths ?? [2, 2, 6, 2]
      guard network.use_absolute_embeddings != true, network.layer_norm_eps ?? 1e-5 == 1e-5,
        !depths.isEmpty
      else {
        throw TransformersRefusal(
          description:
            "Swin transformers are built with a layer_norm_eps of 1e-5, without absolute "
            + "positions, and with one stage or more")
      }
      let window = network.window_size ?? 7
      var arguments = ModelConfiguration.Arguments(imgSize: try size(224))
      arguments.patchSize = network.patch_size ?? 4
      arguments.embedDim = network.embed_dim ?? 96
      arguments.depth = depths
      arguments.numHeads = network.num_heads ?? [3, 6, 12, 24]
      arguments.windowSize = [window, window]
      arguments.mlpRatio = try ratio(network.mlp_ratio ?? 4)
      return (
        arguments, "swin_tiny_patch4_window7_224", (network.embed_dim ?? 96) << (depths.count - 1),
        ["encoder.layers.0.blocks.0.attention.self.query.weight"]
      )
    }
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
}
