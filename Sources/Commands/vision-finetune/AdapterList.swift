import Adapters
import Reports

/// Every adapter with its settings, for `--list-adapters`.
struct AdapterList: Encodable {
  struct Setting: Encodable {
    let key: String
    let `default`: String
    let takes: String
    let meaning: String
  }

  struct Item: Encodable {
    let name: String
    let summary: String
    let settings: [Setting]
  }

  let adapters: [Item]

  init(printingTo console: Console) {
    adapters = AdapterCatalog.all.map { type in
      Item(
        name: type.name, summary: type.summary,
        settings: type.init().settingTexts.map { setting, text in
          Setting(
            key: "adapter.\(setting.name)", default: text, takes: setting.allowed,
            meaning: setting.meaning)
        })
    }
    var table = TextTable(columns: [.init("adapter"), .init("what it is"), .init("settings")])
    for item in adapters {
      let settings = item.settings.map { "\($0.key.dropFirst("adapter.".count))=\($0.default)" }
      table.append([item.name, item.summary, settings.joined(separator: " ")])
    }
    console.print(table.plain())
    console.print(
      "A setting is given as --set adapter.NAME=VALUE; --json and docs/recipes.md say what each takes."
    )
  }
}
