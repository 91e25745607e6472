import CKernels
public import Tensors

/// Mean and biased variance per channel, one line per group.
public struct ChannelStatistics: Sendable {
  /// `[groups, channels]`.
  public let mean: Tensor
  /// `[groups, channels]`, divided by the number of elements.
  public let variance: Tensor

  /// Measures `input`, seen as `[groups, rows, channels]`.
  public init(of input: Tensor, groups: Int) {
    let channels = input.columns
    var mean = Tensor(uninitialized: [groups, channels])
    var variance = Tensor(uninitialized: [groups, channels])
    mean.withMutablePointer { m in
      variance.withMutablePointer { v in
        input.withPointer {
          ck_channel_statistics(
            m, v, $0, Int64(groups), Int64(input.rows / groups), Int64(channels))
        }
      }
    }
    self.mean = mean
    self.variance = variance
  }

  /// Wraps known statistics, for example running averages as one group.
  public init(mean: Tensor, variance: Tensor) {
    self.mean = mean
    self.variance = variance
  }
}

/// What follows a normalisation in the same pass.
public enum NormalizationFollower {
  /// Nothing.
  case nothing
  /// `max(x, 0)`.
  case rectifier
  /// `x` where positive, `slope[channel] · x` elsewhere; a slope of `channels` elements.
  case slopes(Variable)
}

extension Variable {
  /// Per-channel normalisation with optional residual and rectifier in the same pass.
  ///
  /// `y = follower((x − mean) / √(variance + ε) · scale + shift + residual)`. With `fixed` statistics
  /// (evaluation) the gradient treats them as constants; otherwise they are measured over each group:
  /// one group is batch normalisation, one group per image is instance normalisation. Of all values
  /// only the input is kept for the backward pass, and the output where a rectifier follows a residual;
  /// fixed statistics with a frozen scale and shift keep no more than the one that has the signs.
  /// **Shape**: `[batch, height, width, channels]` → the same. Slopes go without a residual.
  public func channelNormalized(
    scale: Variable, shift: Variable, epsilon: Float, groups: Int,
    fixed: ChannelStatistics? = nil, residual: Variable? = nil,
    followedBy follower: NormalizationFollower = .nothing,
    measured: ((ChannelStatistics) -> Void)? = nil
  ) -> Variable {
    let channels = value.columns
    var slope: Variable?
    if case .slopes(let given) = follower { slope = given }
    precondition(
      scale.value.count == channels && shift.value.count == channels
        && (slope.map { $0.value.count == channels && residual == nil } ?? true)
        && (residual.map { $0.shape == shape } ?? true),
      "channelNormalized: scale \(scale.shape), residual \(residual?.shape ?? []), slopes "
        + "\(slope?.shape ?? []) for \(shape)")
    let statistics = fixed ?? ChannelStatistics(of: value, groups: groups)
    measured?(statistics)
    let map = ChannelMap(
      statistics, scale: scale.value, shift: shift.value, slope: slope?.value,
      rectifies: follower.isRectifier, epsilon: epsilon, groups: groups,
      rows: value.rows / groups)
    let result = map.applied(to: value, residual: residual?.value)
    let inputs = [self, scale, shift] + [slope, residual].compactMap(\.self)
    let (input, kept) = (place, kept)
    let isFixed = fixed != nil
    let wantsParameters =
      scale.place.isTracked || shift.place.isTracked || slope?.place.isTracked ?? false
    // With constants for statistics, scale and shift the gradient is a scaled one: it needs the input
    // only for the sign that a rectifier looked at, and after a residual that is the output's.
    let isConstant = isFixed && !wantsParameters
    let needsInput =
      !isConstant || slope != nil || (follower.isRectifier && residual == nil)
    let keptInput = needsInput ? kept : nil
    let (scalePlace, shiftPlace) = (scale.place, shift.place)
    let (slopePlace, residualPlace) = (slope?.place, residual?.place)
    let keptResult = follower.isRectifier && residual != nil ? result : nil
    let output = record(
      result, from: inputs,
      as: slope == nil
        ? .channelNormalization(
          epsilon: epsilon, groups: groups, fixed: fixed, hasResidual: residual != nil,
          isRectified: follower.isRectifier) : nil
    ) { gradient, tape in
      let value = keptInput?() ?? gradient
      var masked: Tensor?
      var sums: ChannelMap.Sums?
      if isConstant {
        masked = keptResult.map { combined(gradient, $0, ck_relu_backward) }
      } else {
        let found = map.sums(gradient, input: value, output: keptResult)
        (sums, masked) = (found, found.masked)
      }
      if let residualPlace { tape.accumulate(masked ?? gradient, into: residualPlace) }
      if wantsParameters, let sums {
        tape.accumulate(sums.overGroups(sums.products).reshaped(scalePlace.shape), into: scalePlace)
        tape.accumulate(sums.overGroups(sums.plain).reshaped(shiftPlace.shape), into: shiftPlace)
        if let slopePlace, let slopes = sums.slopes {
          tape.accumulate(slopes.reshaped(slopePlace.shape), into: slopePlace)
        }
      }
      guard input.isTracked else { return }
      tape.accumulate(
        map.inputGradient(
          masked ?? gradient, input: value, output: keptResult, sums: isFixed ? nil : sums),
        into: input)
    }
    guard residual == nil else { return output }
    return output.rebuilt { map.applied(to: kept(), residual: nil) }
  }
}

extension NormalizationFollower {
  fileprivate var isRectifier: Bool {
    if case .rectifier = self { return true }
    return false
  }
}
