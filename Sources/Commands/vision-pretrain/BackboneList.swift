import Backbones
import Layers
import Reports
import Tensors

/// Every backbone with its size, for `--list-backbones`.
struct BackboneList: Encodable {
  struct Item: Encodable {
    let name: String
    let parameters: Int
    /// Of convolutions and linear maps, for one picture.
    let gigaMultiplyAccumulates: Double
    /// Of attention: queries with keys, scores with values.
    let attentionGigaMultiplyAccumulates: Double
    let height: Int
    let width: Int
    /// The commands that train it: `pretrain` needs a masked form.
    let trainedBy: [String]
    let summary: String
  }

  let backbones: [Item]

  init(printingTo console: Console) throws {
    var table = TextTable(columns: [
      .init("backbone"), .init("parameters", .right), .init("GMAC", .right),
      .init("of attention", .right), .init("picture"),
      .init("trained by"), .init("what it is"),
    ])
    var items: [Item] = []
    func append(
      _ name: String, _ summary: String, _ extent: Extent, _ model: any Module,
      cost: Int, attention: Int
    ) {
      let item = Item(
        name: name, parameters: model.parameterCount(), gigaMultiplyAccumulates: Double(cost) / 1e9,
        attentionGigaMultiplyAccumulates: Double(attention) / 1e9,
        height: extent.height, width: extent.width,
        trainedBy: (model is any MaskableBackbone ? ["pretrain"] : []) + ["finetune"],
        summary: summary)
      table.append([
        item.name, String(item.parameters),
        String((item.gigaMultiplyAccumulates * 100).rounded() / 100),
        attention == 0
          ? "–" : String((item.attentionGigaMultiplyAccumulates * 100).rounded() / 100),
        "\(item.height)x\(item.width)", item.trainedBy.joined(separator: ", "), item.summary,
      ])
      items.append(item)
    }
    for entry in BackboneCatalog.all {
      let model = try entry.make(.init(), random: .blank)
      append(
        entry.name, entry.summary, entry.defaultExtent, model, cost: model.multiplyAccumulates,
        attention: model.attentionMultiplyAccumulates)
    }
    for entry in RestorationCatalog.all {
      let model = entry.make(.blank)
      append(
        entry.name, entry.summary, model.inputExtent, model, cost: model.multiplyAccumulates,
        attention: model.attentionMultiplyAccumulates(of: model.inputExtent))
    }
    console.print(table.plain())
    console.print(
      "GMAC: billions of multiply-accumulates of convolutions and linear maps for one picture of that "
        + "size; those of attention (queries with keys, scores with values) come on top.")
    backbones = items
  }
}
