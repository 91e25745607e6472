/// The keys of the recipes of `vision-finetune`, side by side.
public enum FinetuningKeys {
  /// A Markdown table of every key of the three tasks with its values in `tiny`.
  public static func table() -> String {
    var lines = [
      "| key | reid | face | restoration | allowed | meaning |", "|---|---|---|---|---|---|",
    ]
    let columns = [
      column(ReIDRecipe.self), column(FaceRecipe.self), column(RestorationRecipe.self),
    ]
    var seen: Set<String> = []
    let names = columns.flatMap { $0.map(\.name) }.filter { seen.insert($0).inserted }
    // Groups that all tasks have, those of one task, and what follows them.
    let groups = [
      "", "tuning", "training", "reid", "face", "restoration", "augmentation", "report",
    ]
    func group(_ name: String) -> Int {
      let own = name.split(separator: ".").dropLast().first.map(String.init) ?? ""
      return groups.firstIndex(of: own) ?? groups.count
    }
    for place in 0...groups.count {
      for name in names where group(name) == place {
        let found = columns.map { $0.first { $0.name == name } }
        guard let row = found.compactMap(\.self).first else { continue }
        let values = found.map { $0?.value ?? "–" }.joined(separator: " | ")
        lines.append("| `\(name)` | \(values) | \(row.allowed) | \(row.meaning) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func column<Settings: Recipe>(
    _ type: Settings.Type
  ) -> [(name: String, value: String, allowed: String, meaning: String)] {
    let defaults = Settings()
    return Settings.fields.map {
      (
        $0.name, $0.text(defaults), $0.expectation.comment.replacing("|", with: "\\|"), $0.summary
      )
    }
  }
}
