import Foundation

extension HTMLReport {
  /// The page.
  public func html() -> String {
    var sections = self.sections
    if let skipped { sections.append(Self.section(of: skipped)) }
    let hasOrigin = command != nil || recipe != nil
    let names = sections.map(\.title) + (hasOrigin ? ["How this was made"] : [])
    var body = header()
    if names.count > 1 { body += Self.contents(names) }
    body += "<main>\n" + figures()
    for (index, section) in sections.enumerated() {
      body += "<section id=\"part-\(index + 1)\">\n<h2>\(section.title.markup)</h2>\n"
      body += Self.blocks(section.blocks)
      body += "</section>\n"
    }
    if hasOrigin { body += origin(id: "part-\(names.count)") }
    body += "</main>\n"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" \
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(title.markup)</title>
      <style>
      \(HTMLReportStyle.css)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private func header() -> String {
    let second = subtitle.map { "<p class=\"subtitle\">\($0.markup)</p>\n" } ?? ""
    return "<header>\n<h1>\(title.markup)</h1>\n\(second)</header>\n"
  }

  private static func contents(_ names: [String]) -> String {
    let links = names.enumerated().map { index, name in
      "<a href=\"#part-\(index + 1)\">\(name.markup)</a>"
    }
    return "<nav aria-label=\"Contents\">\(links.joined(separator: "\n"))</nav>\n"
  }

  private func figures() -> String {
    guard !keyFigures.isEmpty else { return "" }
    let tiles = keyFigures.map { figure in
      let unit = figure.unit.map { " <span class=\"unit\">\($0.markup)</span>" } ?? ""
      let note = figure.note.map { "<p class=\"context\">\($0.markup)</p>" } ?? ""
      return """
        <div class="tile"><p class="label">\(figure.label.markup)</p>\
        <p class="value">\(figure.value.markup)\(unit)</p>\(note)</div>
        """
    }
    let caption = protocolText.map { "<p class=\"protocol\">\($0.markup)</p>\n" } ?? ""
    return "<div class=\"tiles\">\n\(tiles.joined(separator: "\n"))\n</div>\n\(caption)"
  }

  private static func section(of skipped: [SkippedFile]) -> Section {
    guard !skipped.isEmpty else {
      return Section("Skipped files", blocks: [.text("None: every file could be used.")])
    }
    let table = TextTable(
      columns: [TextTable.Column("File"), TextTable.Column("Reason")],
      rows: skipped.map { [$0.path, $0.reason] })
    let count = skipped.count == 1 ? "One file was" : "\(skipped.count) files were"
    return Section("Skipped files", blocks: [.text("\(count) left out."), .table(table)])
  }

  private func origin(id: String) -> String {
    var text = "<section id=\"\(id)\">\n<h2>How this was made</h2>\n"
    if let command {
      text += "<h3>Command</h3>\n" + Self.code(command)
    }
    if let recipe {
      text += "<details>\n<summary>Effective recipe</summary>\n\(Self.code(recipe))</details>\n"
    }
    return text + "</section>\n"
  }

  /// The blocks in order; charts that follow one another share a row where there is room.
  private static func blocks(_ blocks: [Block]) -> String {
    var text = ""
    var index = 0
    while index < blocks.count {
      var charts: [Figure] = []
      while index < blocks.count, case .figure(let figure) = blocks[index], figure.isDrawing {
        charts.append(figure)
        index += 1
      }
      if charts.count == 1 {
        text += Self.figure(charts[0])
      } else if !charts.isEmpty {
        text += "<div class=\"charts\">\n\(charts.map(Self.figure).joined())</div>\n"
      }
      if index < blocks.count {
        text += block(blocks[index])
        index += 1
      }
    }
    return text
  }

  private static func block(_ block: Block) -> String {
    switch block {
    case .text(let text): "<p>\(text.markup)</p>\n"
    case .note(let text): "<p class=\"note\">\(text.markup)</p>\n"
    case .code(let text): code(text)
    case .table(let table): self.table(table)
    case .figure(let figure): self.figure(figure)
    }
  }

  private static func code(_ text: String) -> String {
    "<pre tabindex=\"0\"><code>\(text.preformattedMarkup)</code></pre>\n"
  }

  private static func table(_ table: TextTable) -> String {
    func attribute(_ column: TextTable.Column) -> String {
      column.alignment == .right ? " class=\"number\"" : ""
    }
    let head = table.columns.map { "<th scope=\"col\"\(attribute($0))>\($0.title.markup)</th>" }
    let rows = table.rows.map { row in
      // A name that is written from right to left must not turn its neighbours around.
      let cells = zip(table.columns, row).map { column, cell in
        "<td\(attribute(column))><bdi>\(cell.markup)</bdi></td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    let caption = table.caption.map { "<p class=\"protocol\">\($0.markup)</p>\n" } ?? ""
    return """
      <div class="table" tabindex="0"><table>
      <thead><tr>\(head.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      \(caption)
      """
  }

  private static func figure(_ figure: Figure) -> String {
    let picture: String
    switch figure.picture.content {
    case .drawing(let svg):
      // Inside a page the namespace is known, and the page stays free of addresses.
      let inline = svg.replacingOccurrences(
        of: " xmlns=\"http://www.w3.org/2000/svg\"", with: "")
      picture = "<div class=\"chart\">\(inline)</div>"
    case .file(let bytes, let mediaType):
      let data = Data(bytes).base64EncodedString()
      // The box is a switch without a script: a click shows the picture at its full size.
      picture = """
        <label class="picture"><input type="checkbox" aria-label="Show at full size">\
        <img alt="\(figure.caption.markup)" src="data:\(mediaType);base64,\(data)"></label>
        """
    }
    let look = figure.lookFor.map {
      "<span class=\"look\"><b>Look for:</b> \($0.markup)</span>"
    }
    return """
      <figure>
      \(picture)
      <figcaption>\(figure.caption.markup)\(look ?? "")</figcaption>
      </figure>

      """
  }
}
