import Backbones
import Layers
import Reports
import Tensors

/// Every backbone with its size, for `--list-backbones`.
struct BackboneList: Encodable {
  struct Item: Encodable {
    let name: String
    let parameters: Int
    let gigaMultiplyAccumulates: Double
    let height: Int
    let width: Int
    let summary: String
  }

  let backbones: [Item]

  init(printingTo console: Console) throws {
    var table = TextTable(columns: [
      .init("backbone"), .init("parameters", .right), .init("GMAC", .right), .init("picture"),
      .init("what it is"),
    ])
    var items: [Item] = []
    for entry in BackboneCatalog.all {
      let backbone = try entry.make(.init(), random: .blank)
      let item = Item(
        name: entry.name, parameters: backbone.parameterCount(),
        gigaMultiplyAccumulates: Double(backbone.multiplyAccumulates) / 1e9,
        height: entry.defaultExtent.height, width: entry.defaultExtent.width,
        summary: entry.summary)
      table.append([
        item.name, String(item.parameters),
        String((item.gigaMultiplyAccumulates * 100).rounded() / 100),
        "\(item.height)x\(item.width)", item.summary,
      ])
      items.append(item)
    }
    console.print(table.plain())
    backbones = items
  }
}
