import Adapters
import Layers
import Tensors

/// Low-rank factors of which one site learns at a time, by its second factor alone: a rule that uses every
/// place at which a run asks an allocator.
struct SampledSites: RankedMethod {
  static let name = "sampledsites"
  static let summary = "one site learns at a time"
  static let settings: [AdapterSetting] = []
  var rank = 2
  var alpha = 2.0

  func refusal(of site: SiteGeometry) -> String? { LoRA(rank: rank).refusal(of: site) }

  func parameterCount(at site: SiteGeometry) -> Int {
    LoRA(rank: rank).parameterCount(at: site)
  }

  func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    try LoRA(rank: rank, alpha: alpha).makeAdapter(for: site, in: attachment)
  }

  func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)? { SiteSampler(adapter) }
}

/// Two steps for each site in turn; the moments of a site go when its turn ends.
final class SiteSampler: Allocator {
  private let adapter: NetworkAdapter
  private var ended: [Parameter] = []

  init(_ adapter: NetworkAdapter) { self.adapter = adapter }

  var ranks: [String: Int] { [:] }

  private func parameters(atStep step: Int) -> [(path: String, parameter: Parameter)] {
    adapter.attached[step / 2 % adapter.attached.count].adapter.parameters
  }

  func beforeForward(step: Int, of total: Int) {
    adapter.setTrainable(false)
    for (_, parameter) in parameters(atStep: step) { parameter.isTrainable = true }
  }

  func afterBackward(step: Int, of total: Int) {
    for (path, parameter) in parameters(atStep: step) where path.hasPrefix("lora_A") {
      parameter.gradient = nil
    }
  }

  func afterUpdate(step: Int, of total: Int) {
    if step % 2 == 1 { ended = parameters(atStep: step).map(\.parameter) }
  }

  func takeChanges() -> [ParameterChange] {
    defer { ended = [] }
    return ended.map { ParameterChange(restarting: $0) }
  }
}
