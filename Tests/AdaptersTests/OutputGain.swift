import Adapters
import Gradients
import Layers
import Tensors

/// One trained gain for each output: `y = (1 + g) ⊙ W x + b`, so `ΔW = diag(g) W`.
///
/// g starts at 0, so the network starts as the base.
/// **Count**: `outputs`.
struct OutputGain: AdapterMethod {
  static let name = "gain"
  static let summary = "one trained gain for each output"
  static let settings: [AdapterSetting] = []

  func refusal(of site: SiteGeometry) -> String? { nil }

  func parameterCount(at site: SiteGeometry) -> Int { site.outputs }

  func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    OutputGainAdapter(outputs: site.geometry.outputs)
  }
}

/// The gains of one site.
final class OutputGainAdapter: SiteAdapter {
  let gain: Parameter

  init(outputs: Int) {
    gain = Parameter(Tensor(zeros: [outputs]))
  }

  func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    .output { product, _ in product.multipliedByRow(context.variable(self.gain)) }
  }

  func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    weight.multipliedByColumn(Variable(gain.value))
  }
}
