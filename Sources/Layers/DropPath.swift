public import Gradients
import Tensors

/// Drops a residual branch for whole pictures at rate `rate`, and scales the others by 1 / (1 − rate).
///
/// **Shape**: `[batch, …]` → the same. Acts in training alone.
/// **Source**: G. Huang et al., "Deep Networks with Stochastic Depth", 2016, arXiv 1603.09382.
public func droppingPath(
  _ branch: Variable, _ rate: Float, in context: ForwardContext
) -> Variable {
  guard context.isTraining, rate > 0 else { return branch }
  let keep = 1 - rate
  let factors = (0..<branch.shape[0]).map { _ in context.random.uniform() < keep ? 1 / keep : 0 }
  return branch.scalingFirstAxis(by: factors)
}
