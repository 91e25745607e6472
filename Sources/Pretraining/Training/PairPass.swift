import Backbones
import Gradients
import Layers
import Tensors

/// The recorded pass of a batch of crops, which may go back for those crops alone whose gradient counts.
///
/// Then the loss first goes back to the features, which is cheap and exact. The crops of the smallest
/// gradients, as many as together stay within a share of the sum of squares, are left out of the way back
/// through the backbone. Where that saves less than the second forward pass costs that it needs, all crops
/// go back through the pass that is there already; so a step never takes longer than without.
///
/// The gradient of the heads is whole. That of the backbone lacks what the crops left out would have added
/// and nothing else, provided that crops do not depend on each other there: no normalisation over the
/// batch, no drop path.
struct PairPass {
  /// What the way back left out.
  struct Outcome {
    /// Crops that went back, as a share of all.
    var keptCrops: Double
    /// Length of the gradient that was left out, as a share of the length of the gradient of all crops.
    var leftOutGradient: Double
  }

  /// Forward and backward cost three forward passes; with one more forward pass for the crops kept,
  /// 1 + 3 · share < 3.
  private static let worthwhileShare = 2.0 / 3

  private struct BackbonePass {
    var context: ForwardContext
    var output: Variable
    /// The output as a leaf of the tape of the heads, `[crops, featureWidth]`.
    var leaf: Variable
  }

  /// The unit embeddings, `[crops, embeddingWidth]`.
  let embeddings: Variable
  private let tolerance: Double
  private let images: Tensor
  private let model: PretrainingModel
  private let makeContext: () -> ForwardContext
  private let heads: ForwardContext
  private let backbonePass: BackbonePass?

  /// Runs the model over `[crops, height, width, 3]`, recorded.
  ///
  /// `tolerance` is the share of the sum of squared gradients that may be left out; 0 leaves out nothing.
  /// `makeContext` makes equal recorded passes, one for each call.
  init(
    _ images: Tensor, through model: PretrainingModel, leavingOut tolerance: Double,
    makeContext: @escaping () -> ForwardContext
  ) {
    self.images = images
    self.model = model
    self.tolerance = tolerance
    self.makeContext = makeContext
    heads = makeContext()
    guard tolerance > 0, let tape = heads.tape else {
      backbonePass = nil
      embeddings = model.embeddings(of: Variable(images), in: heads)
      return
    }
    let context = makeContext()
    let output = model.backbone.features(of: Variable(images), in: context)
    let leaf = tape.leaf(output.value)
    backbonePass = BackbonePass(context: context, output: output, leaf: leaf)
    embeddings = model.embeddings(ofFeatures: leaf, in: heads)
  }

  /// Adds the gradients of a loss of ``embeddings`` to the parameters; once.
  ///
  /// - Returns: what was left out; nil where all crops go back by request.
  func backward(from loss: Variable) -> Outcome? {
    heads.backward(from: loss)
    guard let backbonePass else { return nil }
    guard let gradient = heads.tape?.takeGradient(of: backbonePass.leaf) else {
      return Outcome(keptCrops: 0, leftOutGradient: 0)
    }
    let squares = Self.squares(gradient)
    let kept = Self.kept(squares, leavingOut: tolerance)
    guard Double(kept.count) < Self.worthwhileShare * Double(squares.count) else {
      backbonePass.context.backward(from: backbonePass.output, seed: gradient)
      return Outcome(keptCrops: 1, leftOutGradient: 0)
    }
    if !kept.isEmpty {
      let context = makeContext()
      let output = model.backbone.features(of: Variable(images).gathered(kept), in: context)
      context.backward(from: output, seed: Variable(gradient).gathered(kept).value)
    }
    let (sum, keptSum) = (squares.reduce(0, +), kept.reduce(0) { $0 + squares[$1] })
    return Outcome(
      keptCrops: Double(kept.count) / Double(squares.count),
      leftOutGradient: sum > 0 ? max(1 - keptSum / sum, 0).squareRoot() : 0)
  }

  /// The crops that go back, in their order; those without any gradient never do.
  ///
  /// - Parameter squares: the squared length of the gradient of every crop.
  static func kept(_ squares: [Double], leavingOut tolerance: Double) -> [Int] {
    let allowed = tolerance * squares.reduce(0, +)
    var left = 0.0
    var kept: [Int] = []
    for crop in squares.indices.sorted(by: { (squares[$0], $0) < (squares[$1], $1) }) {
      left += squares[crop]
      if left > allowed { kept.append(crop) }
    }
    return kept.sorted()
  }

  private static func squares(_ gradient: Tensor) -> [Double] {
    let (values, width) = (gradient.values, gradient.columns)
    return (0..<gradient.rows).map { row in
      values[row * width..<(row + 1) * width].reduce(0) { $0 + Double($1) * Double($1) }
    }
  }
}
