public import Gradients
public import Layers
public import Tensors

extension NetworkAdapter {
  /// Gives all pictures one blend, so that gated branches can be merged; `nil` gives each its own again.
  ///
  /// A gallery of good pictures may be enrolled with 1.
  public func fixGate(_ gate: Float?) {
    for entry in attached { (entry.adapter as? QualityGatedAdapter)?.fixedGate = gate }
  }
}

/// An adapter with gates merged at a few blends: each picture runs through the plain network that is
/// merged at the blend nearest to its own.
///
/// α differs from the picture's by at most `0.5 / count`. The base is back after ``finish()``.
public final class BucketedMerge {
  /// The number of merged copies of the adapted maps.
  public let count: Int
  private let adapted: AdaptedNetwork
  private let adapter: NetworkAdapter
  private let method: PETALface
  private let weights: [[(layer: any AdaptableLayer, weight: Tensor)]]

  /// Merges the adapter at `count` blends.
  ///
  /// - Throws: `AdapterError.notAttached`, `.merged`, or `.invalidSetting` for an adapter without gates.
  public init(
    _ adapted: AdaptedNetwork, adapter name: String = "default", count: Int = 4
  ) throws(AdapterError) {
    precondition(count >= 1, "BucketedMerge: \(count) buckets")
    let adapter = try adapted.adapter(named: name)
    guard let method = adapter.plan.method as? PETALface else {
      throw .invalidSetting(
        method: type(of: adapter.plan.method).name, setting: "buckets",
        reason: "do not exist: only petalface blends branches by quality")
    }
    var copies: [[(layer: any AdaptableLayer, weight: Tensor)]] = []
    for bucket in 0..<count {
      adapter.fixGate(Self.gate(of: bucket, count: count))
      do {
        try adapted.merge()
      } catch {
        adapter.fixGate(nil)
        throw error
      }
      copies.append(adapter.attached.map { ($0.site.layer, $0.site.layer.weight.value) })
      // The last one stays merged: biases and norms that were tuned in full are then in place.
      if bucket < count - 1 { adapted.unmerge() }
    }
    self.count = count
    self.adapted = adapted
    self.adapter = adapter
    self.method = method
    weights = copies
  }

  private static func gate(of bucket: Int, count: Int) -> Float {
    (Float(bucket) + 0.5) / Float(count)
  }

  /// The copy that a picture of this quality runs through.
  public func bucket(ofQuality quality: Float) -> Int {
    min(Int(method.gate(ofQuality: quality) * Float(count)), count - 1)
  }

  /// Runs a batch, the pictures of each bucket together, and returns the outputs in the order given.
  ///
  /// **Shape**: pictures `[batch, …]` → outputs `[batch, …]`.
  public func run(
    _ pictures: Tensor, quality: [Float],
    _ forward: (_ pictures: Variable, _ context: ForwardContext) -> Variable
  ) -> Tensor {
    precondition(
      quality.count == pictures.shape.first,
      "BucketedMerge: \(quality.count) qualities for "
        + "\(pictures.shape)")
    let buckets = quality.map { bucket(ofQuality: $0) }
    let input = Variable(pictures)
    var (outputs, order) = ([Variable](), [Int]())
    for bucket in 0..<count {
      let members = buckets.indices.filter { buckets[$0] == bucket }
      guard !members.isEmpty else { continue }
      for entry in weights[bucket] { entry.layer.weight.value = entry.weight }
      outputs.append(forward(input.gathered(members), .inference()))
      order += members
    }
    return Variable.concatenated(outputs, axis: 0)
      .scattered(to: order, count: quality.count).value
  }

  /// Takes the merged copies out: the base's weights are back bit for bit, each picture has its own blend.
  public func finish() {
    adapted.unmerge()
    adapter.fixGate(nil)
  }
}
