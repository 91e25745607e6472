extension ModelConfiguration {
  enum CodingKeys: String, CodingKey {
    case architecture
    case numClasses = "num_classes"
    case numFeatures = "num_features"
    case globalPool = "global_pool"
    case modelArgs = "model_args"
    case pretrainedCfg = "pretrained_cfg"
    case swiftVision = "swift_vision"
  }

  /// Reads a description; what timm leaves out in some versions may be absent.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    architecture = try container.decode(String.self, forKey: .architecture)
    numFeatures = try container.decodeIfPresent(Int.self, forKey: .numFeatures) ?? 0
    globalPool = try container.decodeIfPresent(String.self, forKey: .globalPool) ?? ""
    modelArgs = try container.decodeIfPresent(Arguments.self, forKey: .modelArgs) ?? Arguments()
    // Older files keep the preparation's fields at the top.
    var preparation =
      try container.contains(.pretrainedCfg)
      ? container.decode(Preparation.self, forKey: .pretrainedCfg) : Preparation(from: decoder)
    if let own = try container.decodeIfPresent(Additions.self, forKey: .swiftVision) {
      swiftVision = own
      preparation.cropMode = preparation.cropMode ?? .squash
    } else {
      let tag = preparation.tag.map { " (\($0))" } ?? ""
      swiftVision = Additions(embedding: 0, origin: "published weights" + tag)
    }
    numClasses =
      try container.decodeIfPresent(Int.self, forKey: .numClasses) ?? modelArgs.numClasses
      ?? preparation.numClasses ?? 0
    pretrainedCfg = preparation
  }
}

extension DecodingError {
  /// The cause in a few words, with the place in the file.
  var sentence: String {
    func place(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
      (context.codingPath + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context):
      return
        "\(place(context, key)) is missing, and it is needed to prepare pictures and build the "
        + "network"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context)) has the wrong type (\(context.debugDescription))"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "it is no JSON (\(context.debugDescription))"
        : "\(place(context)): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
