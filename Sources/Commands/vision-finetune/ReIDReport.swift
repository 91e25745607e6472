import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Recipes
import Reports
import Storage
import Tasks

/// Pictures and `report.html` of a finished re-identification run.
struct ReIDReport {
  let job: FinetuneJob<ReIDRecipe>
  let task: PersonReID
  /// Scores of the best weights on what was held out; nil without any.
  let result: RetrievalResult?
  /// What it has to beat; nil without held-out persons.
  let yardsticks: ReIDYardsticks?
  let bestStep: Int
  let state: TaskState
  let checks: AdapterChecks
  let skipped: [SkippedFile]

  func write() throws {
    let charts = try FinetuneCharts(of: job.folder)
    var sections = [
      try charts.section(
        [
          (
            "losses",
            charts.chart(
              "Losses", vertical: "loss",
              columns: [
                ("loss", "sum"), ("loss.identity", "identity"), ("loss.pair", "pairs"),
                ("loss.centre", "centres"),
              ], smoothing: 0.8), "All should fall and level off."
          ),
          (
            "training",
            charts.chart(
              "On the training batches", vertical: "share, 0 to 1",
              columns: [
                ("trainAccuracy", "right person"), ("separated", "own person nearest"),
              ], smoothing: 0.8), "Both rise towards 1."
          ),
          (
            "scores",
            charts.chart(
              "On held-out persons", vertical: "share, 0 to 1",
              columns: [("mAP", "mAP"), ("rank1", "rank-1"), ("mINP", "mINP")]),
            "Where the curves fall while the training ones rise, the network learns the training "
              + "people by heart."
          ),
        ], in: job.folder)
    ]
    if let result { sections += [try retrievalSection(result), scoreSection(result)] }
    sections += checks.sections + [dataSection]
    try HTMLReport(
      title: "Person re-identification", subtitle: task.configuration.swiftVision.origin,
      keyFigures: keyFigures, protocolText: protocolText, sections: sections,
      command: job.folder.firstCommand ?? job.session.quotedCommandLine,
      recipe: job.recipe.yaml(),
      skipped: skipped.map { .init(path: $0.path, reason: $0.reason) }
    ).write(to: job.folder.report)
  }

  private var protocolText: String {
    let seeds = "Seed \(job.recipe.seed), \(job.threads) threads, \(state.step) steps."
    guard let result else {
      return seeds + " Nothing was held out, so there is no score; the last weights were kept."
    }
    return seeds + " The weights of step \(bestStep) did best on held-out training persons. "
      + result.caption + " Test pictures were not looked at."
  }

  private var keyFigures: [HTMLReport.KeyFigure] {
    var figures: [HTMLReport.KeyFigure] = []
    if let scores = result?.scores {
      let interval = scores.interval.map {
        "95 %: \(RetrievalTable.text($0[0]))…\(RetrievalTable.text($0[1]))"
      }
      figures.append(.init("mAP, held out", RetrievalTable.text(scores.mAP), note: interval))
      figures.append(.init("rank-1, held out", RetrievalTable.text(scores.rank1)))
    }
    figures.append(.init("Persons", String(task.data.persons.count)))
    figures.append(.init("Steps", String(state.step), note: "\(state.images) images"))
    figures.append(
      .init(
        "Rate", String(Int((Double(state.images) / max(state.seconds, 1e-9)).rounded())),
        unit: "images/s"))
    return figures
  }

  private func retrievalSection(_ result: RetrievalResult) throws -> HTMLReport.Section {
    var blocks: [HTMLReport.Block] = []
    guard job.recipe.report.pictures else { return .init("Ranked retrieval", blocks: blocks) }
    if let sheet = RetrievalPictures.hardest(result) {
      try sheet.write(to: job.folder.pictures.appendingPathComponent("ranked-retrieval.jpg"))
      blocks.append(
        .figure(
          .init(
            try .sheet(sheet), caption: "Held-out queries where the model fails most.",
            lookFor: "Do the wrong hits share clothes, pose, background or camera with the query?"))
      )
    }
    if let sheet = RetrievalPictures.typical(result) {
      try sheet.write(to: job.folder.pictures.appendingPathComponent("ranked-typical.jpg"))
      blocks.append(
        .figure(.init(try .sheet(sheet), caption: "From the hardest to the easiest query.")))
    }
    return .init("Ranked retrieval", blocks: blocks)
  }

  private func scoreSection(_ result: RetrievalResult) -> HTMLReport.Section {
    .init("Scores on held-out persons", blocks: yardsticks?.blocks(beside: result) ?? [])
  }

  private var dataSection: HTMLReport.Section {
    let data = task.data
    return .init(
      "Data",
      blocks: [
        .text(
          "\(job.inputs.data): \(data.train.count) pictures of \(data.persons.count) persons to learn "
            + "from; \(data.query.count) query and \(data.gallery.count) gallery pictures of "
            + "\(Set((data.query + data.gallery).map(\.person)).count) other persons held out.")
      ] + data.notes.map { .note($0) })
  }
}
