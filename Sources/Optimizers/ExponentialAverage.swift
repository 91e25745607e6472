import CKernels
public import Layers
public import Tensors

/// A moving average of a model's parameters: `average ← decay · average + (1 − decay) · value`.
public final class ExponentialAverage {
  /// Share of the old average, 0 ..< 1.
  public let decay: Float
  private let parameters: [(path: String, parameter: Parameter)]
  private var averages: [Tensor]

  /// Starts from the current values.
  public init(_ parameters: [(path: String, parameter: Parameter)], decay: Float) {
    self.parameters = parameters
    self.decay = decay
    averages = parameters.map(\.parameter.value)
  }

  /// Moves the averages towards the current values.
  public func update() {
    var items: [ck_average_item] = []
    for (index, entry) in parameters.enumerated() {
      var item = ck_average_item()
      item.size = Int64(averages[index].count)
      averages[index].withMutablePointer { item.average = $0 }
      entry.parameter.value.withPointer { item.value = $0 }
      items.append(item)
    }
    ck_exponential_average(items, Int32(items.count), decay)
  }

  /// The averages by parameter path.
  public var values: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, entry) in parameters.enumerated() { result[entry.path] = averages[index] }
    return result
  }

  /// Continues from saved averages; paths that are absent keep their current value.
  public func restore(_ values: [String: Tensor]) {
    for (index, entry) in parameters.enumerated() {
      guard let value = values[entry.path], value.shape == averages[index].shape else { continue }
      averages[index] = value
    }
  }

  /// Runs `body` with the averages in place of the parameters, then puts the parameters back.
  public func substituted<Result>(_ body: () throws -> Result) rethrows -> Result {
    let originals = parameters.map(\.parameter.value)
    for (index, entry) in parameters.enumerated() { entry.parameter.value = averages[index] }
    defer {
      for (index, entry) in parameters.enumerated() { entry.parameter.value = originals[index] }
    }
    return try body()
  }
}
