public import Gradients
public import Layers
import Tensors

/// A backbone that is an embedding, a row of blocks, and an end, so that a pass can be cut between blocks.
///
/// What lies below the first trained layer gives the same for a picture in every step; cut there, it can be
/// kept.
public protocol SequentialBackbone: Backbone {
  /// Number of blocks, those of all stages together.
  var blockCount: Int { get }

  /// What the first block is given.
  ///
  /// **Shape**: `[batch, height, width, 3]` → tokens `[batch, tokens, width]` or a map
  /// `[batch, rows, columns, channels]`.
  func embedded(_ images: Variable, in context: ForwardContext) -> Variable

  /// Runs some of the blocks on what the blocks before them gave.
  func running(
    _ blocks: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable

  /// The features of what so many blocks gave: runs those that are left, and what follows them.
  ///
  /// **Shape**: tokens or a map → `[batch, featureWidth]`.
  func features(
    of activation: Variable, afterBlocks count: Int, in context: ForwardContext
  ) -> Variable
}

extension SequentialBackbone {
  /// Goes on with a pass from one cut to a later one.
  ///
  /// From ``BackboneCut/pictures`` to ``BackboneCut/features`` it is the whole network.
  ///
  /// - Parameters:
  ///   - value: pictures, or what the network had made of them at `start`.
  ///   - start: where the pass stands.
  ///   - end: where it stops; not before `start`.
  ///   - context: the pass.
  public func running(
    _ value: Variable, from start: BackboneCut, to end: BackboneCut, in context: ForwardContext
  ) -> Variable {
    precondition(start <= end, "SequentialBackbone: a pass cannot go from \(start) to \(end)")
    guard start < end else { return value }
    var (value, first) = (value, 0)
    switch start {
    case .pictures: value = embedded(value, in: context)
    case .blocks(let count): first = count
    case .features: break
    }
    guard case .blocks(let last) = end else {
      return features(of: value, afterBlocks: first, in: context)
    }
    return running(first..<last, on: value, in: context)
  }

  /// Pooled features of pictures.
  public func features(of images: Variable, in context: ForwardContext) -> Variable {
    running(images, from: .pictures, to: .features, in: context)
  }

  /// The last cut before which nothing is trained and nothing is drawn, and the shape of what one picture
  /// has become there.
  ///
  /// Found by one pass of a blank picture, so that whatever is trained counts: weights, adapters, tuned
  /// copies. Statistics of the batch tie pictures together, so a pass that uses them has no such part.
  ///
  /// - Parameters:
  ///   - end: the last cut that is of use.
  ///   - context: a pass like those of the training, that records nothing.
  public func frozenPart(
    upTo end: BackboneCut = .features, in context: ForwardContext
  ) -> (cut: BackboneCut, shape: [Int]) {
    var value = Variable(Tensor(zeros: [1, inputExtent.height, inputExtent.width, 3]))
    var cut = BackboneCut.pictures
    let start = context.random
    for next in (0...blockCount).map(BackboneCut.blocks) + [.features] where next <= end {
      let result = running(value, from: cut, to: next, in: context)
      guard !context.sawTrainableParameter, context.random == start, !context.usesBatchStatistics
      else { break }
      (value, cut) = (result, next)
    }
    return (cut, value.shape)
  }
}

extension Backbone {
  /// What the network makes of pictures up to a cut.
  ///
  /// A network that is not a row of blocks can only be cut before or behind everything.
  ///
  /// **Shape**: `[batch, height, width, 3]` → what stands at `cut`, `[batch, …]`.
  public func output(
    of images: Variable, at cut: BackboneCut, in context: ForwardContext
  ) -> Variable {
    guard let network = self as? any SequentialBackbone else {
      if case .blocks = cut { preconditionFailure("\(type(of: self)) has no cut \(cut)") }
      return cut == .pictures ? images : features(of: images, in: context)
    }
    return network.running(images, from: .pictures, to: cut, in: context)
  }

  /// Features of what the network had made of pictures at a cut, see ``output(of:at:in:)``.
  ///
  /// **Shape**: what stands at `cut`, `[batch, …]` → `[batch, featureWidth]`.
  public func features(
    of value: Variable, from cut: BackboneCut, in context: ForwardContext
  ) -> Variable {
    guard let network = self as? any SequentialBackbone else {
      if case .blocks = cut { preconditionFailure("\(type(of: self)) has no cut \(cut)") }
      return cut == .pictures ? features(of: value, in: context) : value
    }
    return network.running(value, from: cut, to: .features, in: context)
  }
}
