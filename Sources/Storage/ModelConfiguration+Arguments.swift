import Foundation

extension ModelConfiguration {
  /// Arguments for building the network, in timm's words; what is absent is the architecture's own.
  public struct Arguments: Codable, Sendable, Hashable {
    /// Picture size `[height, width]`, only for networks tied to one.
    public var imgSize: [Int]?
    /// Whether timm should normalise after pooling; our transformers normalise every token before it.
    public var fcNorm: Bool?
    /// How features are pooled.
    public var globalPool: String?
    /// Outputs of the classifier.
    public var numClasses: Int?
    /// Side of a patch.
    public var patchSize: Int?
    /// Channels of a token, in the first stage.
    public var embedDim: Int?
    /// Blocks, of each stage.
    public var depth: [Int]?
    /// Attention heads, of each stage.
    public var numHeads: [Int]?
    /// Hidden width of an MLP over the width of its input.
    public var mlpRatio: Int?
    /// Rows and columns of an attention window.
    public var windowSize: [Int]?
    /// Whether there is a class token.
    public var classToken: Bool?
    /// Further learned tokens.
    public var regTokens: Int?
    /// Whether the tokens before the patches have no positions.
    public var noEmbedClass: Bool?
    /// Start of the factors of residual branches.
    public var initValues: Float?
    /// Largest drop-path rate.
    public var dropPathRate: Float?
    /// Added to variances by layer normalisation; not one of timm's arguments.
    public var normEpsilon: Float?
    /// Arguments that are set but have no meaning here.
    public private(set) var unknown: [String] = []

    /// Makes the arguments.
    public init(imgSize: [Int]? = nil, fcNorm: Bool? = nil) {
      self.imgSize = imgSize
      self.fcNorm = fcNorm
    }

    /// Names of everything that is set, in timm's words.
    public var names: [String] {
      let known = (try? JSONEncoder().encode(self)).flatMap {
        try? JSONDecoder().decode([String: Ignored].self, from: $0)
      }
      return (Array((known ?? [:]).keys) + unknown).sorted()
    }

    /// A value that is not looked at.
    private struct Ignored: Decodable {
      init(from decoder: any Decoder) {}
    }

    private struct Name: CodingKey, Hashable {
      let stringValue: String
      var intValue: Int? { nil }
      init(_ name: String) { stringValue = name }
      init?(stringValue: String) { self.init(stringValue) }
      init?(intValue: Int) { nil }
    }

    /// Arguments that change nothing here: how training drops and starts, and what is not done.
    private static let harmless: Set<String> = [
      "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate",
      "weight_init", "fix_init", "strict_img_size", "dynamic_img_size", "dynamic_img_pad",
      "always_partition",
    ]

    /// Arguments that would change the network, at what it has anyway.
    private static let usual: [String: Bool] = [
      "qkv_bias": true, "proj_bias": true, "qk_norm": false, "scale_attn_norm": false,
      "scale_mlp_norm": false, "pre_norm": false, "final_norm": true,
    ]

    /// Reads arguments; one number may stand for a list of equal ones.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      var seen = Self.harmless.union(["in_chans"])
      func value<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value? {
        seen.insert(name)
        return try container.decodeIfPresent(type, forKey: Name(name))
      }
      func list(_ name: String) throws -> [Int]? {
        seen.insert(name)
        if let one = try? container.decodeIfPresent(Int.self, forKey: Name(name)) { return [one] }
        return try container.decodeIfPresent([Int].self, forKey: Name(name))
      }
      func pair(_ name: String) throws -> [Int]? {
        try list(name).map { $0.count == 1 ? [$0[0], $0[0]] : $0 }
      }
      imgSize = try pair("img_size")
      fcNorm = try value("fc_norm", Bool.self)
      globalPool = try value("global_pool", String.self)
      numClasses = try value("num_classes", Int.self)
      embedDim = try value("embed_dim", Int.self)
      let stages = try list("depths")
      depth = try list("depth") ?? stages
      numHeads = try list("num_heads")
      windowSize = try pair("window_size")
      classToken = try value("class_token", Bool.self)
      regTokens = try value("reg_tokens", Int.self)
      noEmbedClass = try value("no_embed_class", Bool.self)
      initValues = try value("init_values", Float.self)
      dropPathRate = try value("drop_path_rate", Float.self)
      normEpsilon = try value("norm_eps", Float.self)
      let ratio = try value("mlp_ratio", Float.self)
      let patch = try pair("patch_size")
      for (name, sizes) in [("img_size", imgSize), ("window_size", windowSize)] {
        guard sizes.map({ $0.count == 2 }) ?? true else { throw Self.refusal(name, decoder) }
      }
      guard ratio.map({ Int(exactly: $0).map(ModelConfiguration.ratios.contains) ?? false }) ?? true
      else {
        throw Self.refusal("mlp_ratio", decoder)
      }
      guard patch.map({ $0.count == 2 && $0[0] == $0[1] }) ?? true else {
        throw Self.refusal("patch_size", decoder)
      }
      let channels = try container.decodeIfPresent(Int.self, forKey: Name("in_chans"))
      guard channels.map({ $0 == 3 }) ?? true else { throw Self.refusal("in_chans", decoder) }
      mlpRatio = ratio.map { Int($0) }
      patchSize = patch?[0]
      unknown = container.allKeys.map(\.stringValue).filter { name in
        guard !seen.contains(name) else { return false }
        if let usual = Self.usual[name],
          (try? container.decode(Bool.self, forKey: Name(name))) == usual
        {
          return false
        }
        return (try? container.decodeNil(forKey: Name(name))) == false
      }.sorted()
    }

    private static func refusal(_ name: String, _ decoder: any Decoder) -> DecodingError {
      .dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [Name(name)],
          debugDescription:
            "networks here take pictures of three colours, square patches, sizes of "
            + "one number or two, and whole ratios of \(ModelConfiguration.ratios.lowerBound) to "
            + "\(ModelConfiguration.ratios.upperBound)"))
    }

    /// Writes what is set.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Name.self)
      func put(_ name: String, _ value: (some Encodable)?) throws {
        try container.encodeIfPresent(value, forKey: Name(name))
      }
      func put(numbers: [Int]?, one: String, many: String) throws {
        guard let numbers else { return }
        if numbers.count == 1 {
          try put(one, numbers[0])
        } else {
          try put(many, numbers)
        }
      }
      try put("img_size", imgSize)
      try put("fc_norm", fcNorm)
      try put("global_pool", globalPool)
      try put("num_classes", numClasses)
      try put("patch_size", patchSize)
      try put("embed_dim", embedDim)
      try put(numbers: depth, one: "depth", many: "depths")
      try put(numbers: numHeads, one: "num_heads", many: "num_heads")
      try put("mlp_ratio", mlpRatio)
      try put("window_size", windowSize)
      try put("class_token", classToken)
      try put("reg_tokens", regTokens)
      try put("no_embed_class", noEmbedClass)
      try put("init_values", initValues)
      try put("drop_path_rate", dropPathRate)
      try put("norm_eps", normEpsilon)
    }
  }
}
