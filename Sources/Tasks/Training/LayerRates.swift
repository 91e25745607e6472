#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much the learning rate of each parameter differs from that of the new parts.
///
/// Parameters under `backbone` get `core · decay^d`, where `d` counts the blocks above them: 0 for the
/// last block and what follows it, the number of blocks for the stem. Which block a parameter belongs
/// to is read from its path (`blocks.3`, `layer2.0`, `layers.1.blocks.4`), over all parameters, so that
/// freezing some of them moves nothing.
/// **Source**: the layer-wise decay of H. Bao et al., "BEiT", 2022, arXiv 2106.08254.
public struct LayerRates: Sendable {
  private let factors: [String: Float]

  /// Numbers the blocks of a network by the paths of its parameters, in order.
  public init(paths: [String], core: Float, decay: Float) {
    var depths: [(path: String, depth: Int)] = []
    var blocks: [String] = []
    for path in paths where path.hasPrefix("backbone.") {
      if let block = Self.block(of: path), blocks.last != block { blocks.append(block) }
      depths.append((path, blocks.count))
    }
    var factors: [String: Float] = [:]
    // Tokens and positions may be declared anywhere; they act before the first block.
    for (path, depth) in depths {
      let isInput = ["pos_embed", "cls_token", "patch_embed"].contains { path.contains($0) }
      factors[path] = core * pow(decay, Float(blocks.count - (isInput ? 0 : depth)))
    }
    self.factors = factors
  }

  /// The factor of a parameter; 1 for the new parts.
  public func factor(_ path: String) -> Float { factors[path] ?? 1 }

  /// The path of the block a parameter lies in: up to its first number, or to that of nested blocks.
  private static func block(of path: String) -> String? {
    let parts = path.split(separator: ".").map(String.init)
    guard let first = parts.firstIndex(where: { Int($0) != nil }) else { return nil }
    if first + 2 < parts.count, parts[first + 1] == "blocks", Int(parts[first + 2]) != nil {
      return parts[...(first + 2)].joined(separator: ".")
    }
    return parts[...first].joined(separator: ".")
  }
}
