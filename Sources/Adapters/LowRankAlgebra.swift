public import Gradients
public import Layers
public import Tensors

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

  /// `B A x` as the layer moves over its input, by two thin operations.
  ///
  /// **Shape**: input of the layer → its output.
  public func lowRankProduct(_ input: Variable, up: Variable, down: Variable) -> Variable {
    let hidden = product(input, weight: down)
    return groups == 1
      ? hidden.linear(weight: up)
      : hidden.convolved(weight: up.reshaped(up.shape + [1, 1]), groups: groups)
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

  /// The usual start of A: uniform in ± 1/√fan-in.
  public func startOfDown(rank: Int, random: inout RandomStream) -> Tensor {
    random.uniform(shape: shape(outputs: rank), bound: 1 / Float(columns).squareRoot())
  }
}

extension Tensor {
  /// Rows of a matrix times one number each.
  func scalingRows(by factors: [Float]) -> Tensor {
    Variable(self).scalingFirstAxis(by: factors).value
  }

  /// Every number times another one of the same place.
  func multipliedElements(_ other: Tensor) -> Tensor { (Variable(self) * Variable(other)).value }
}

extension Variable {
  /// Euclidean length of each row, all axes but the first forming a row.
  ///
  /// **Shape**: `[rows, …]` → `[rows]`.
  func rowLengths() -> Variable {
    let flat = reshaped([shape[0], value.count / max(shape[0], 1)])
    return (flat * flat).summedAlongLastAxis().squareRoot()
  }
}
