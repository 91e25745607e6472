public import Gradients
public import Layers
public import Tensors

/// What the pictures of a task do at one site of the base, measured before an adapter is made.
public struct SiteStatistics: Sendable {
  /// The mean of `x xᵀ` over what flows in, `[columns, columns]`; `nil` for kernels larger than 1×1 and for
  /// groups.
  public let covariance: Tensor?
  /// The mean over the passes of the loss's slope by the base's weight, of the weight's shape.
  public let gradient: Tensor
}

extension AdaptedNetwork {
  /// Measures what pictures do at some sites, while the network stays as it is.
  ///
  /// - Parameters:
  ///   - sites: where.
  ///   - passes: how often `loss` is asked for.
  ///   - loss: a loss of some pictures; every layer behaves as in evaluation.
  /// - Returns: statistics by site path.
  /// - Throws: `AdapterError.merged`; what `loss` throws.
  public func statistics(
    at sites: [AdapterSite], passes: Int,
    loss: (_ pass: Int, _ context: ForwardContext) throws -> Variable
  ) throws -> [String: SiteStatistics] {
    precondition(passes > 0, "AdaptedNetwork: \(passes) passes measure nothing")
    guard !isMerged else { throw AdapterError.merged }
    let weights = Set(sites.map { ObjectIdentifier($0.layer.weight) })
    let before = network.parameters.map { ($0.parameter, $0.parameter.isTrainable) }
    for (parameter, _) in before {
      parameter.isTrainable = weights.contains(ObjectIdentifier(parameter))
      parameter.gradient = nil
    }
    let probes = sites.map { InputProbe(at: $0.geometry) }
    for (site, probe) in zip(sites, probes) {
      site.layer.adapters.attach(probe, named: Self.probeName, outputs: site.outputs)
    }
    defer {
      for site in sites { site.layer.adapters.detach(Self.probeName) }
      for (parameter, isTrainable) in before {
        parameter.isTrainable = isTrainable
        parameter.gradient = nil
      }
    }
    for pass in 0..<passes {
      let context = ForwardContext.recordedInference()
      context.backward(from: try loss(pass, context))
    }
    var found: [String: SiteStatistics] = [:]
    for (site, probe) in zip(sites, probes) {
      let weight = site.layer.weight
      let whole = weight.gradient ?? Tensor(zeros: weight.value.shape)
      found[site.path] = SiteStatistics(
        covariance: probe.covariance,
        gradient: (site.outputs.map { whole.rows($0) } ?? whole).scaled(by: 1 / Float(passes)))
    }
    return found
  }

  private static let probeName = "statistics"
}

/// Looks at what flows into a site and changes nothing.
private final class InputProbe: SiteAdapter {
  private let columns: Int?
  private var sum: [Double] = []
  private var count = 0

  init(at site: SiteGeometry) {
    columns = site.taps == 1 && site.groups == 1 ? site.columns : nil
  }

  func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    guard let columns else { return .none }
    let rows = input.value.count / columns
    let turned = Variable(input.value.reshaped([rows, columns])).permuted([1, 0]).value
    let gram = turned.multipliedMatrix(turned, transposingOther: true).values
    sum = sum.isEmpty ? gram.map(Double.init) : zip(sum, gram).map { $0 + Double($1) }
    count += rows
    return .none
  }

  func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? { nil }

  var covariance: Tensor? {
    guard let columns, count > 0 else { return nil }
    return Tensor(sum.map { Float($0 / Double(count)) }, shape: [columns, columns])
  }
}
