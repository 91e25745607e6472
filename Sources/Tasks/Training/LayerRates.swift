#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much the learning rate of each parameter differs from that of the new parts.
///
/// Parameters under `backbone` get `core · decay^(L + 1 − id)` with L blocks: id 0 for what comes before
/// the first block, i for block i counted from 1, L + 1 for what follows the last one and for a table of
/// positions that all blocks share. What merges cells between two stages goes with the block before it.
/// Which block a parameter belongs to is read from its path (`blocks.3`, `layer2.0`,
/// `layers.1.blocks.4`), over all parameters, so that freezing some of them moves nothing.
/// **Source**: the layer-wise decay of H. Bao et al., "BEiT", 2022, arXiv 2106.08254, with the numbers of
/// the SimMIM release.
public struct LayerRates: Sendable {
  private let factors: [String: Float]

  /// Numbers the blocks of a network by the paths of its parameters, in order.
  public init(paths: [String], core: Float, decay: Float) {
    var places: [(path: String, isInBlock: Bool, block: Int)] = []
    var blocks: [String] = []
    for path in paths where path.hasPrefix("backbone.") {
      let block = Self.block(of: path)
      if let block, blocks.last != block { blocks.append(block) }
      places.append((path, block != nil, blocks.count))
    }
    var factors: [String: Float] = [:]
    for (path, isInBlock, block) in places {
      var id = block
      if !isInBlock, block == blocks.count || path.contains("rel_pos_bias.") {
        id = blocks.count + 1
      }
      // Tokens and positions may be declared anywhere; they act before the first block.
      let isInput = ["pos_embed", "cls_token", "reg_token", "patch_embed"].contains {
        path.contains($0)
      }
      if isInput { id = 0 }
      factors[path] = core * pow(decay, Float(blocks.count + 1 - id))
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
    // A stage's merging stands beside its blocks; that of a residual block lies in the block.
    if first + 1 < parts.count, parts[first - 1] == "layers", parts[first + 1] == "downsample" {
      return nil
    }
    return parts[...first].joined(separator: ".")
  }
}
