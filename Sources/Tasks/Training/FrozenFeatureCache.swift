public import Backbones
public import Gradients
import Layers
import Recipes
public import Tensors

/// Keeps what the frozen part of a network makes of each picture, so that it is computed once.
///
/// Whether a picture is kept depends on its place alone, and one that is kept is computed by itself: so its
/// numbers do not hang on which pictures a resumed run has seen, and the run goes on with the same bits.
///
/// ```swift
/// let cache = FrozenFeatureCache(of: network, upTo: .blocks(8), shape: [1, 197, 384], pictures: 3000)
/// let tokens = cache.output(of: images, places: places)
/// let features = network.features(of: tokens, from: cache.cut, in: context)
/// ```
public final class FrozenFeatureCache {
  /// Where the frozen part ends.
  public let cut: BackboneCut
  /// How many versions of pictures are kept at most.
  public let capacity: Int
  private let network: any Backbone
  private let versions: Int
  private var kept: [Int: Tensor] = [:]
  private var groups: [[String]: Tensor] = [:]
  private var bytesLeft: Int

  /// Makes an empty cache.
  ///
  /// - Parameters:
  ///   - network: the network.
  ///   - cut: where its frozen part ends.
  ///   - shape: what one picture is there, `[1, …]`.
  ///   - pictures: pictures that are learned from.
  ///   - versions: versions of each: 1, or 2 where some are mirrored.
  ///   - limitBytes: the most that is kept; pictures at later places are computed each time.
  public init(
    of network: any Backbone, upTo cut: BackboneCut, shape: [Int], pictures: Int,
    versions: Int = 1, limitBytes: Int = 1 << 30
  ) {
    self.network = network
    self.cut = cut
    self.versions = versions
    let size = Self.bytes(shape)
    capacity = min(pictures * versions, limitBytes / size)
    bytesLeft = limitBytes - capacity * size
  }

  /// Bytes of a tensor.
  static func bytes(_ shape: [Int]) -> Int {
    max(1, shape.reduce(1, *)) * MemoryLayout<Float>.stride
  }

  /// What the frozen part makes of the pictures of a batch, as in evaluation.
  ///
  /// **Shape**: `[batch, height, width, 3]` → what stands at ``cut``, `[batch, …]`.
  ///
  /// - Parameters:
  ///   - images: the prepared pictures.
  ///   - places: the place of each among all pictures, and whether it is mirrored.
  public func output(
    of images: Tensor, places: [(index: Int, isMirrored: Bool)]
  ) -> Variable {
    precondition(
      images.shape[0] == places.count,
      "FrozenFeatureCache: \(places.count) places for pictures \(images.shape)")
    let keys = places.map { $0.index * versions + (versions > 1 && $0.isMirrored ? 1 : 0) }
    let pictures = Variable(images)
    for (row, key) in keys.enumerated() where key < capacity && kept[key] == nil {
      kept[key] = output(of: pictures.gathered([row]))
    }
    let found = keys.compactMap { key in kept[key].map { Variable($0) } }
    let others = keys.indices.filter { keys[$0] >= capacity }
    guard !others.isEmpty else { return Variable.concatenated(found, axis: 0) }
    // Always all of those beyond the limit together: their last bits hang on who is beside them.
    let rest = Variable(output(of: pictures.gathered(others)))
    var (nextFound, nextOther) = (0, found.count)
    let order = keys.map { key in
      if key < capacity {
        nextFound += 1
        return nextFound - 1
      }
      nextOther += 1
      return nextOther - 1
    }
    return Variable.concatenated(found + [rest], axis: 0).gathered(order)
  }

  /// What the frozen part makes of pictures that are always looked at together, such as held-out ones.
  ///
  /// - Parameters:
  ///   - names: what tells these pictures, in their order, from all others.
  ///   - images: prepares them where they are not kept.
  public func output(ofGroup names: [String], images: () -> Tensor) -> Variable {
    if let found = groups[names] { return Variable(found) }
    let result = output(of: Variable(images()))
    let size = Self.bytes(result.shape)
    if size <= bytesLeft {
      bytesLeft -= size
      groups[names] = result
    }
    return Variable(result)
  }

  /// Forgets everything, because the network's weights were read anew.
  func forget() {
    bytesLeft += groups.values.reduce(0) { $0 + Self.bytes($1.shape) }
    kept = [:]
    groups = [:]
  }

  private func output(of pictures: Variable) -> Tensor {
    network.output(of: pictures, at: cut, in: .inference()).value
  }
}
