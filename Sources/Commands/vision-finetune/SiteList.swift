import Adapters
import Layers
import Recipes
import Reports
import Storage
import Tasks
import Tensors
import Training

/// Every layer of a network that an adapter can act on, for `--list-sites`.
struct SiteList: Encodable {
  struct Item: Encodable {
    let path: String
    let kind: String
    let shape: [Int]
    let stride: Int
    let groups: Int
    let parts: [String]
    /// Numbers of the layer itself.
    let parameters: Int
    /// Numbers that the adapter trains here; nil without an adapter, or where it takes no part.
    var trained: Int?
    /// Why the adapter cannot act here.
    var refused: String?
  }

  let model: String
  let parameters: Int
  /// The adapter that was asked for; nil without one.
  var adapter: String?
  /// Numbers that it trains in all; nil without one.
  var trained: Int?
  private(set) var sites: [Item]

  /// Lists the sites of the starting network, with what the recipe's adapter does there.
  init(of tuning: TuningSettings, seed: Int, printingTo console: Console) throws {
    let (name, network) = try Self.network(tuning.start, seed: seed)
    let adapted = AdaptedNetwork(network)
    let all = try adapted.sites(
      matching: tuning.sites == "default" ? ["all"] : SitePattern.list(tuning.sites),
      excluding: tuning.excluded == "none" ? [] : SitePattern.list(tuning.excluded))
    model = tuning.start
    parameters = network.parameterCount()
    sites = all.map { site in
      Item(
        path: site.path, kind: site.geometry.kind.rawValue, shape: site.geometry.weightShape,
        stride: site.geometry.stride, groups: site.geometry.groups,
        parts: site.part == nil ? site.layer.parts : [],
        parameters: site.baseWeight.count
          + (site.layer.bias == nil ? 0 : site.geometry.outputs))
    }
    var share: TrainableShare?
    if !TaskAdapter.isNone(tuning.method) {
      let method = try TaskAdapter.method(tuning)
      for place in sites.indices {
        sites[place].refused = method.refusal(of: all[place].geometry)
      }
      let adapter = try TaskAdapter.attached(tuning, to: adapted, seed: seed)
      for entry in adapter.attached {
        let place = sites.firstIndex { $0.path == entry.site.path }
        if let place { sites[place].trained = entry.method.parameterCount(at: entry.site.geometry) }
      }
      self.adapter = tuning.method
      trained = adapter.parameterCount
      share = adapted.trainableShare
    }
    console.print(table.plain())
    console.print("\(name): \(sites.count) sites, \(parameters) parameters")
    if let share { console.print("\(tuning.method) \(share.description)") }
  }

  private var table: TextTable {
    let hasAdapter = adapter != nil
    var columns: [TextTable.Column] = [
      .init("site"), .init("kind"), .init("shape"), .init("parts"), .init("parameters", .right),
    ]
    if hasAdapter { columns += [.init("trained", .right), .init("why not")] }
    var table = TextTable(columns: columns)
    for site in sites {
      var kind = site.kind
      if site.stride > 1 { kind += ", stride \(site.stride)" }
      if site.groups > 1 { kind += ", groups \(site.groups)" }
      var cells = [
        site.path, kind, site.shape.map(String.init).joined(separator: "x"),
        site.parts.joined(separator: ","), String(site.parameters),
      ]
      if hasAdapter { cells += [site.trained.map(String.init) ?? "–", site.refused ?? ""] }
      table.append(cells)
    }
    return table
  }

  /// Opens the network whichever kind it is.
  private static func network(
    _ reference: String, seed: Int
  ) throws -> (name: String, network: any Module) {
    if try StartingModel.isRestoration(reference) {
      let model = try RestorationModel.load(reference, seed: seed)
      return (model.name, model.backbone)
    }
    let model = try StartingModel.load(reference, seed: seed)
    return (model.configuration.architecture, model.backbone)
  }
}
