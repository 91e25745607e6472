public import Gradients
public import Layers
public import Tensors

/// How the contribution of each tensor to a new task is measured.
public enum ContributionMeasure: String, Sendable, Hashable, Codable, CaseIterable {
  /// Integrated gradients along the straight path from the tuned to the pretrained weights.
  case faig
  /// The gradient at the pretrained weights times the weights: needs no tuned network.
  case saliency
  /// All tensors alike: needs no data.
  case uniform
}

/// How much each parameter tensor of a network contributes to a task, per number of the tensor.
///
/// **Source**: L. Xie et al., "Finding Discriminative Filters for Specific Degradations in Blind
/// Super-Resolution" (FAIG), 2021, arXiv 2108.01070, as CoLoRA uses it (D. Park, H. Kim, S. Chun, 2024,
/// arXiv 2408.01099). The full text of CoLoRA was not at hand: that a tensor's value is the mean over
/// its numbers, that biases count as in its figures, and the saliency and uniform forms are choices of
/// this tool-kit.
public struct Contributions: Sendable, Hashable, Codable {
  /// What was measured.
  public let measure: ContributionMeasure
  /// Mean contribution of one number, 0 or more, by parameter path.
  public let values: [String: Double]

  /// Takes values measured elsewhere.
  public init(measure: ContributionMeasure, values: [String: Double]) {
    self.measure = measure
    self.values = values
  }

  /// The same contribution, 1, for every parameter.
  public static func uniform(of network: some Module) -> Contributions {
    Contributions(
      measure: .uniform,
      values: Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.path, 1) }))
  }

  /// Integrated gradients between the present, pretrained weights and briefly tuned ones.
  ///
  /// For each sample: `|mean over t of dL/dθ(t) · (θ₀ − θ₁)|` with
  /// `θ(t) = θ₁ + t / points · (θ₀ − θ₁)`, `t = 0 ..< points`; then the mean over samples. It keeps three
  /// copies of the weights and one of the gradients. The network is as before afterwards.
  ///
  /// - Parameters:
  ///   - network: the network at its pretrained weights, without adapters.
  ///   - tuned: the weights after a short full training on the task, by parameter path.
  ///   - points: points on the path; the reference uses 100, and 16 are enough to rank tensors.
  ///   - samples: pictures, or small batches, of the task.
  ///   - loss: the loss of one sample in a given pass; for restoration the sum of squared errors over
  ///     all pixels and channels. Layers behave as in evaluation.
  /// - Throws: `AdapterError.unsuitableWeights` where `tuned` does not fit; what `loss` throws.
  public static func integrated(
    of network: some Module, towards tuned: [String: Tensor], points: Int = 16, samples: Int,
    loss: (_ sample: Int, _ context: ForwardContext) throws -> Variable
  ) throws -> Contributions {
    precondition(points >= 1 && samples >= 1, "Contributions: \(points) points, \(samples) samples")
    let entries = network.parameters
    let start = entries.map(\.parameter.value)
    for (path, value) in zip(entries.map(\.path), start) {
      guard let target = tuned[path] else {
        throw AdapterError.unsuitableWeights(path: path, reason: "are missing")
      }
      guard target.shape == value.shape else {
        throw AdapterError.unsuitableWeights(
          path: path, reason: "have the shape \(target.shape) instead of \(value.shape)")
      }
    }
    let known = Set(entries.map(\.path))
    if let extra = tuned.keys.filter({ !known.contains($0) }).min() {
      throw AdapterError.unsuitableWeights(path: extra, reason: "belong to no parameter of it")
    }
    let ends = entries.compactMap { tuned[$0.path] }
    defer { for (entry, value) in zip(entries, start) { entry.parameter.value = value } }
    return try measured(.faig, of: entries, samples: samples) { sample in
      for point in 0..<points {
        let share = Float(point) / Float(points)
        for (index, entry) in entries.enumerated() {
          var value = ends[index].scaled(by: 1 - share)
          value.add(start[index], scaledBy: share)
          entry.parameter.value = value
        }
        try backward(sample, loss)
      }
      return { index, gradient in
        var difference = start[index]
        difference.add(ends[index], scaledBy: -1)
        return gradient.absoluteProduct(difference) / Double(points)
      }
    }
  }

  /// The one-point form `|dL/dθ · θ|` at the present weights, for when there is no tuned network.
  ///
  /// Parameters as in ``integrated(of:towards:points:samples:loss:)``.
  public static func saliency(
    of network: some Module, samples: Int,
    loss: (_ sample: Int, _ context: ForwardContext) throws -> Variable
  ) rethrows -> Contributions {
    precondition(samples >= 1, "Contributions: no samples")
    let entries = network.parameters
    return try measured(.saliency, of: entries, samples: samples) { sample in
      try backward(sample, loss)
      return { index, gradient in gradient.absoluteProduct(entries[index].parameter.value) }
    }
  }

  private static func backward(
    _ sample: Int, _ loss: (Int, ForwardContext) throws -> Variable
  ) rethrows {
    let context = ForwardContext.recordedInference()
    context.backward(from: try loss(sample, context))
  }

  /// Sums over samples what `score` makes of the gradients that `pass` has left in the parameters.
  private static func measured(
    _ measure: ContributionMeasure, of entries: [(path: String, parameter: Parameter)],
    samples: Int, pass: (_ sample: Int) throws -> (_ index: Int, _ gradient: Tensor) -> Double
  ) rethrows -> Contributions {
    let wasTrainable = entries.map(\.parameter.isTrainable)
    for entry in entries {
      entry.parameter.isTrainable = true
      entry.parameter.gradient = nil
    }
    defer {
      for (entry, before) in zip(entries, wasTrainable) {
        entry.parameter.isTrainable = before
        entry.parameter.gradient = nil
      }
    }
    var sums = [Double](repeating: 0, count: entries.count)
    for sample in 0..<samples {
      let score = try pass(sample)
      for (index, entry) in entries.enumerated() {
        guard let gradient = entry.parameter.gradient else { continue }
        sums[index] += score(index, gradient)
        entry.parameter.gradient = nil
      }
    }
    let means = zip(entries, sums).map { entry, sum in
      (entry.path, sum / Double(samples * max(entry.parameter.value.count, 1)))
    }
    return Contributions(measure: measure, values: Dictionary(uniqueKeysWithValues: means))
  }
}

extension Tensor {
  /// `Σ |a · b|`.
  fileprivate func absoluteProduct(_ other: Tensor) -> Double {
    withPointer { a in
      other.withPointer { b in
        var sum = 0.0
        for index in 0..<count { sum += Double(abs(a[index] * b[index])) }
        return sum
      }
    }
  }
}
