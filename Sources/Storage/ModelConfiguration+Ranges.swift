extension ModelConfiguration {
  /// What a description's numbers must be within: beyond it no network is, and sizes could not be counted.
  ///
  /// - Returns: a sentence's end that names the first field that is not, or nil.
  var rangeMistake: String? {
    let arguments = modelArgs
    let whole: [(name: String, values: [Int]?, range: ClosedRange<Int>)] = [
      ("img_size", arguments.imgSize, 1...16_384),
      ("patch_size", arguments.patchSize.map { [$0] }, 1...1024),
      ("embed_dim", arguments.embedDim.map { [$0] }, 1...16_384),
      ("depth", arguments.depth, 1...1000),
      ("num_heads", arguments.numHeads, 1...16_384),
      ("mlp_ratio", arguments.mlpRatio.map { [$0] }, Self.ratios),
      ("window_size", arguments.windowSize, 1...1024),
      ("reg_tokens", arguments.regTokens.map { [$0] }, 0...1024),
      ("num_classes", [numClasses], 0...1_000_000),
      ("feature_layer", swiftVision.featureLayer.map { [$0] }, 0...65_536),
      ("embedding", [swiftVision.embedding], 0...65_536),
    ]
    for (name, values, range) in whole {
      for value in values ?? [] where !range.contains(value) {
        return "\(name) is \(value), and networks here have \(range.lowerBound) to "
          + "\(range.upperBound)"
      }
    }
    for (name, values) in [("depth", arguments.depth), ("num_heads", arguments.numHeads)] {
      if let values, !(1...8).contains(values.count) {
        return "\(name) has \(values.count) values, and networks here have one to eight stages"
      }
    }
    let shares: [(name: String, value: Float?, limit: Float)] = [
      ("drop_path_rate", arguments.dropPathRate, 0.999), ("norm_eps", arguments.normEpsilon, 1),
    ]
    for (name, value, limit) in shares {
      if let value, !(0...limit).contains(value) {
        return "\(name) is \(value), and networks here have 0 to \(limit)"
      }
    }
    if let value = arguments.initValues, !value.isFinite { return "init_values is no number" }
    return nil
  }

  /// Hidden width of an MLP over the width of its input.
  static let ratios = 1...64
}
