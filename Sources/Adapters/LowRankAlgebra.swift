public import Gradients
public import Layers

extension SiteGeometry {
  /// `B A` as a weight of this site, block by block where there are groups.
  ///
  /// **Shape**: up `[outputs, rank / groups]`, down `[rank, …]` → the weight's shape.
  public func product(ofUp up: Variable, down: Variable) -> Variable {
    let inner = down.shape[0] / groups
    return up.reshaped([groups, outputs / groups, inner])
      .multiplied(by: down.reshaped([groups, inner, columns]))
      .reshaped(weightShape)
  }

  /// Why a change of this rank does not fit, or `nil` where it does.
  public func lowRankRefusal(rank: Int) -> String? {
    if isDepthwise {
      return "it is a depthwise convolution, one small kernel for each channel; tune it in full"
    }
    if rank % groups != 0 {
      return "its \(groups) groups do not divide the rank \(rank)"
    }
    return nil
  }
}
