extension PETALface {
  /// α of a picture of quality q: `clip(0.5 + k (q − τ), 0, 1)`.
  ///
  /// At 0 the branch for poor pictures acts alone, at 1 the one for good pictures.
  public func gate(ofQuality quality: Float) -> Float {
    precondition(quality.isFinite, "PETALface: the quality of a picture is \(quality)")
    return min(max(0.5 + Float(steepness) * (quality - Float(threshold)), 0), 1)
  }

  /// The settings with the threshold halfway between the mean qualities of good and of poor pictures.
  ///
  /// - Parameters:
  ///   - good: qualities of a list of good pictures, such as a gallery.
  ///   - poor: qualities of a list of poor pictures, such as probes.
  ///   - metric: the measure that gave them.
  /// - Throws: `AdapterError.invalidSetting` where a list is empty or the good ones are not better.
  public func calibrated(
    good: [Float], poor: [Float], metric: String
  ) throws(AdapterError) -> PETALface {
    guard !good.isEmpty, !poor.isEmpty else {
      throw .invalidSetting(
        method: Self.name, setting: "threshold",
        reason: "cannot be found from an empty list of pictures")
    }
    func mean(_ values: [Float]) -> Double {
      values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }
    let (best, worst) = (mean(good), mean(poor))
    guard best > worst else {
      throw .invalidSetting(
        method: Self.name, setting: "threshold",
        reason: "cannot be found: the good pictures have the mean quality \(best), the poor ones "
          + "\(worst); check that the lists are not swapped and that \(metric) is higher for better"
      )
    }
    return calibrated(threshold: (best + worst) / 2, metric: metric)
  }

  /// The settings with the threshold at the median quality of the training pictures, for where there is
  /// one list alone.
  public func calibrated(
    training: [Float], metric: String
  ) throws(AdapterError) -> PETALface {
    guard !training.isEmpty else {
      throw .invalidSetting(
        method: Self.name, setting: "threshold",
        reason: "cannot be found from an empty list of pictures")
    }
    let sorted = training.sorted()
    let middle = sorted.count / 2
    let median =
      sorted.count % 2 == 1
      ? Double(sorted[middle]) : (Double(sorted[middle - 1]) + Double(sorted[middle])) / 2
    return calibrated(threshold: median, metric: metric)
  }

  private func calibrated(threshold: Double, metric: String) -> PETALface {
    var method = self
    method.threshold = threshold
    method.metric = metric
    return method
  }
}
