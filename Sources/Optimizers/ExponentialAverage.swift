import CKernels
public import Layers
public import Tensors

/// A moving average of a model: `average ← decay · average + (1 − decay) · value`.
///
/// Running statistics are averaged like the parameters; whole-number buffers, such as a count of
/// batches, are copied.
///
/// **Source**: the rule of timm's `ModelEmaV2`.
public final class ExponentialAverage {
  /// Share of the old average, 0 ..< 1.
  public let decay: Float
  private let parameters: [(path: String, parameter: Parameter)]
  private let buffers: [(path: String, buffer: Buffer)]
  private var averages: [Tensor]

  /// Starts from the current values.
  public init(
    _ parameters: [(path: String, parameter: Parameter)],
    buffers: [(path: String, buffer: Buffer)] = [], decay: Float
  ) {
    self.parameters = parameters
    self.buffers = buffers
    self.decay = decay
    averages = parameters.map(\.parameter.value) + buffers.map(\.buffer.value)
  }

  private var paths: [String] { parameters.map(\.path) + buffers.map(\.path) }

  /// Moves the averages towards the current values.
  public func update() {
    var items: [ck_average_item] = []
    func add(_ index: Int, _ value: Tensor) {
      var item = ck_average_item()
      item.size = Int64(averages[index].count)
      averages[index].withMutablePointer { item.average = $0 }
      value.withPointer { item.value = $0 }
      items.append(item)
    }
    for (index, entry) in parameters.enumerated() { add(index, entry.parameter.value) }
    for (index, entry) in buffers.enumerated() {
      let place = parameters.count + index
      if entry.buffer.isInteger {
        averages[place] = entry.buffer.value
      } else if averages[place] != entry.buffer.value {
        // What does not move is its own average, to the last bit.
        add(place, entry.buffer.value)
      }
    }
    ck_exponential_average(items, Int32(items.count), decay)
  }

  /// Carries averages along where entries of parameters changed their meaning; those that begin are their
  /// own average.
  public func carry(_ changes: [ParameterChange]) {
    for change in changes {
      guard let index = parameters.firstIndex(where: { $0.parameter === change.parameter }) else {
        continue
      }
      let (old, now) = (averages[index], change.parameter.value)
      averages[index] = Tensor(
        change.origins.enumerated().map { entry, origin in origin.map { old[$0] } ?? now[entry] },
        shape: old.shape)
    }
  }

  /// The averages by path.
  public var values: [String: Tensor] {
    Dictionary(zip(paths, averages)) { first, _ in first }
  }

  /// Continues from saved averages; paths that are absent keep their current value.
  public func restore(_ values: [String: Tensor]) {
    for (index, path) in paths.enumerated() {
      guard let value = values[path], value.shape == averages[index].shape else { continue }
      averages[index] = value
    }
  }

  /// Runs `body` with the averages in place of the model's values, then puts those back.
  public func substituted<Result>(_ body: () throws -> Result) rethrows -> Result {
    let originals = parameters.map(\.parameter.value) + buffers.map(\.buffer.value)
    put(averages)
    defer { put(originals) }
    return try body()
  }

  private func put(_ values: [Tensor]) {
    for (index, entry) in parameters.enumerated() { entry.parameter.value = values[index] }
    for (index, entry) in buffers.enumerated() {
      entry.buffer.value = values[parameters.count + index]
    }
  }
}
