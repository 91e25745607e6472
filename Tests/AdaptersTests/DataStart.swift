import Adapters
import Layers
import Tensors

/// A start from data: A is the slope of one output, weighted by how the inputs vary.
struct DataStart: RankedMethod {
  static let name = "datastart"
  static let summary = "one component that starts from data"
  static let settings: [AdapterSetting] = []
  var rank = 1
  var alpha = 1.0

  func refusal(of site: SiteGeometry) -> String? { nil }

  func parameterCount(at site: SiteGeometry) -> Int { LoRA(rank: 1).parameterCount(at: site) }

  func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    guard let measured = attachment.statistics(at: site), let covariance = measured.covariance
    else {
      throw .unsuitableSite(method: Self.name, site: site.path, reason: "nobody measured it")
    }
    let made = try LoRA(rank: 1).makeAdapter(for: site, in: attachment)
    made.parameters.first { $0.path == "lora_A.weight" }?.parameter.value =
      measured.gradient.rows(0..<1).multipliedMatrix(covariance)
    return made
  }
}
