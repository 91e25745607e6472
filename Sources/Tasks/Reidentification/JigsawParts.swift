import Backbones
import Gradients
public import Layers
import Tensors

/// Vectors of parts of a picture: its patches are shifted, shuffled, and cut into groups, and each group
/// goes with the class token through a copy of the network's last block.
///
/// Patches n, n + 1 … N, 1 … n − 1 for a shift of n + 1 counted with the class token, of which the first half
/// and the second take turns, are cut into groups of equal size; what is left over at the end is not used.
/// Each group covers the whole picture loosely, so that a vector does not hang on one place.
///
/// **Source**: S. He et al., "TransReID: Transformer-based Object Re-Identification", 2021,
/// arXiv 2102.04378, with the order of its code.
public final class JigsawParts: Module {
  /// Places by which patches are shifted, the class token counted.
  public static let shift = 5
  /// Parts that take turns.
  public static let turns = 2
  private let tail: TransformerTail
  private let necks: [BatchNormalization]
  private let classifiers: LinearHeads
  private let count: Int

  /// The classifiers of all parts.
  final class LinearHeads: Module {
    let part: [LinearHead]

    init(_ part: [LinearHead]) {
      self.part = part
    }
  }

  /// Makes the parts of a network.
  init(_ count: Int, tail: TransformerTail, width: Int, classes: Int, random: RandomStream) {
    self.count = count
    self.tail = tail
    necks = (0..<count).map { _ in BatchNormalization(width) }
    for neck in necks { neck.bias.isTrainable = false }
    classifiers = LinearHeads(
      classes > 0
        ? (0..<count).map {
          LinearHead(
            IdentityHeadShape(width: width, classes: classes, deviation: 0.001),
            random: random.split($0))
        } : [])
  }

  /// Where the patches of each part stand among `patches`, counted from 0.
  public static func places(_ patches: Int, parts: Int) -> [[Int]] {
    let shifted = (0..<patches).map { ($0 + shift - 1) % patches }
    // An odd patch is filled up with the last but one, as the published code does.
    let even =
      patches % turns == 0 ? shifted : shifted + [shifted[max(shifted.count - 2, 0)]]
    let half = even.count / turns
    let shuffled = (0..<even.count).map { even[$0 % turns * half + $0 / turns] }
    let size = patches / parts
    return (0..<parts).map { Array(shuffled[($0 * size)..<(($0 + 1) * size)]) }
  }

  /// The vectors of all parts, before their necks.
  ///
  /// - Parameters:
  ///   - tokens: `[batch, prefix + patches, width]`, before the network's last block.
  ///   - prefix: tokens before the patches, the class token first.
  ///   - context: the pass.
  /// - Returns: for each part `[batch, width]`.
  func features(
    ofTokens tokens: Variable, prefix: Int, in context: ForwardContext
  ) -> [Variable] {
    let (batch, length, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let rows = tokens.reshaped([batch * length, width])
    return Self.places(length - prefix, parts: count).map { places in
      let chosen = [0] + places.map { prefix + $0 }
      let part = rows.gathered((0..<batch).flatMap { image in chosen.map { image * length + $0 } })
        .reshaped([batch, chosen.count, width])
      return tail(part, in: context).slice(0..<1, axis: 1).reshaped([batch, width])
    }
  }

  /// Vectors after the necks.
  func normalized(_ features: [Variable], in context: ForwardContext) -> [Variable] {
    zip(necks, features).map { $0($1, in: context) }
  }

  /// Scores of every part's classifier, from vectors after the necks.
  func scores(
    _ normalized: [Variable], asCosines: Bool, in context: ForwardContext
  ) -> [Variable] {
    zip(classifiers.part, normalized).flatMap {
      $0.scores(of: $1, classes: nil, asCosines: asCosines, in: context)
    }
  }
}
