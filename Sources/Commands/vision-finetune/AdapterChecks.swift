import Adapters
import Reports

/// What was found about an adapter after its run.
struct AdapterChecks {
  /// New strong directions by weight; nil where nobody looked or no weight is changed.
  var inspection: AdapterInspection?
  /// How far features of old pictures moved; nil where none were given.
  var forgetting: ForgettingReport?

  /// The cosines for `--json`.
  struct OldPictures: Encodable {
    var pictures: Int
    var meanCosine: Double
    var leastCosine: Double
  }

  /// The cosines for `--json`; nil where no old pictures were given.
  var oldPictures: OldPictures? {
    forgetting.map {
      OldPictures(pictures: $0.cosines.count, meanCosine: $0.mean, leastCosine: $0.least)
    }
  }

  /// Most rows of the table; the file of the run folder has all.
  private static let rows = 40

  /// The part of `report.html`, none where there is nothing to tell.
  var sections: [HTMLReport.Section] {
    var blocks: [HTMLReport.Block] = []
    if let forgetting {
      blocks.append(
        .text("Forgetting: \(forgetting.description). A cosine of 1 is as before the adapter."))
    }
    if let inspection {
      blocks.append(.text(inspection.summary + "."))
      blocks.append(.table(table(inspection)))
    }
    return blocks.isEmpty ? [] : [.init("What the adapter did to the weights", blocks: blocks)]
  }

  private func table(_ inspection: AdapterInspection) -> TextTable {
    let sites = inspection.sites.enumerated().sorted {
      ($1.element.intruders.count, $0.offset) < ($0.element.intruders.count, $1.offset)
    }
    let shown = sites.prefix(Self.rows).map(\.element)
    var caption =
      "Intruders: leading directions of the changed weight that are like none of the base's (cosine "
      + "below 0.5); they go with forgetting. Size: of the change beside the weight. Rank: effective, of "
      + "the change."
    if sites.count > shown.count {
      caption += " \(shown.count) of \(sites.count) weights; adapter-inspection.txt has all."
    }
    return TextTable(
      columns: [
        .init("weight"), .init("intruders", .right), .init("size", .right), .init("rank", .right),
      ],
      rows: shown.map { [$0.path] + $0.figures }, caption: caption)
  }
}
