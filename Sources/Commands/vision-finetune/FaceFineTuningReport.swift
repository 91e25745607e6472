import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Recipes
import Reports
import Storage
import Tasks

/// Pictures and `report.html` of a finished run on faces.
struct FaceFineTuningReport {
  let job: FinetuneJob<FaceRecipe>
  let task: FaceRecognition
  /// Scores of the best weights on what was held out; nil without any.
  let result: FaceResult?
  /// What it has to beat.
  let yardsticks: [FaceResult]
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
            charts.chart("Loss", vertical: "loss", columns: [("loss", "loss")], smoothing: 0.8),
            "It should fall and level off."
          ),
          (
            "training",
            charts.chart(
              "On the training batches", vertical: "share, 0 to 1",
              columns: [("trainAccuracy", "right person")], smoothing: 0.8), "Rises towards 1."
          ),
          (
            "scores",
            charts.chart(
              "On held-out persons", vertical: "share, 0 to 1",
              columns: [("auc", "AUC"), ("accuracy", "accuracy"), ("tar", "TAR@FAR 0.01")]),
            "Where the curves fall while the training one rises, the network learns the training "
              + "people by heart."
          ),
        ], in: job.folder)
    ]
    if let result {
      var blocks: [HTMLReport.Block] = [.table(FaceTable.table([result] + yardsticks))]
      blocks += HTMLReport.Block.comparisons(
        yardsticks.flatMap { result.comparisons(with: $0) })
      if job.recipe.report.pictures {
        blocks += try FaceReport.pictures(of: result) { name, drawn in
          switch drawn {
          case .chart(let svg):
            try job.folder.write(svg, to: job.folder.pictures.appendingPathComponent("\(name).svg"))
          case .sheet(let sheet):
            try sheet.write(to: job.folder.pictures.appendingPathComponent("\(name).jpg"))
          }
        }
      }
      sections.append(.init("Scores on held-out persons", blocks: blocks))
    }
    sections += checks.sections + [dataSection]
    try HTMLReport(
      title: "Face recognition", subtitle: task.configuration.swiftVision.origin,
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
    if let scores = result?.scores.first {
      if let curve = scores.curve {
        figures.append(.init("AUC, held out", RetrievalTable.text(curve.area)))
      }
      if let verification = scores.verification {
        figures.append(
          .init(
            "Accuracy, held out", RetrievalTable.text(verification.accuracy),
            note: "± \(RetrievalTable.text(verification.accuracyDeviation)) over folds"))
      }
      if let rank = scores.ranks[1] {
        figures.append(.init("rank-1, held out", RetrievalTable.text(rank)))
      }
    }
    figures.append(.init("Persons", String(task.data.persons.count)))
    figures.append(.init("Steps", String(state.step), note: "\(state.images) images"))
    return figures
  }

  private var dataSection: HTMLReport.Section {
    let data = task.data
    return .init(
      "Data",
      blocks: [
        .text(
          "\(job.inputs.data): \(data.train.count) pictures of \(data.persons.count) persons to learn "
            + "from; \(data.heldOutPictures) pictures of \(data.heldOutPersons) other persons held "
            + "out.")
      ] + (data.notes + task.notes).map { .note($0) })
  }
}
