import Backbones
import Batches
import CommandSupport
import Datasets
import Evaluation
import Foundation
import Layers
import Recipes
import Reports
import Tasks
import Tensors
import Training

/// One run of `vision-finetune --task restoration`, new or resumed: data, training, report.
struct RestorationRun {
  let job: FinetuneJob<RestorationRecipe>

  func run() throws -> any Encodable {
    let recipe = job.recipe
    let random = RandomStream(seed: UInt64(recipe.seed))
    // A word that means nothing is found before the data are looked through.
    _ = try RestorationPictures.choice(recipe.restoration.degradation)
    let data = try RestorationData(
      root: URL(fileURLWithPath: job.inputs.data), settings: recipe.restoration,
      validationShare: recipe.training.validationShare, random: random.split("data"))
    if job.isDryRun, !job.isResumed { try job.folder.checkIsFree() }
    let (task, log) = try job.prepare(recipe.tuning, recipe.training) { adapter in
      try ImageRestoration(
        data: data, recipe: recipe,
        model: StartingModel.loadRestoration(
          job.startingModel(recipe.tuning, checkpointHas: TaskDescription.fileName),
          seed: recipe.seed), origin: job.origin(recipe.tuning), adapter: adapter)
    }
    let trainer = TaskTrainer(task, settings: recipe.training, random: random)
    log.tell(task.model.notice)
    introduce(task, trainer, log: log)
    if job.isDryRun {
      let items = data.train + data.heldOut
      return try FinetuneDryRun(
        trainer,
        .init(
          task: "restoration", images: data.train.count, heldOutImages: data.heldOut.count,
          notes: data.notes, skipped: data.skipped, files: items.count,
          measuringSteps: try job.measuringSteps(task, recipe.tuning, recipe.training)),
        log: log, interruption: job.session.interruption
      ) { advance in try PictureCheck.unusable(items, progress: advance).skipped }
    }
    let state = try FinetuneSession(
      trainer: trainer, folder: job.folder, threads: job.threads, isResumed: job.isResumed,
      report: recipe.report, columns: ["trainPsnr", "psnr", "inputPsnr"],
      resumeCommand: job.resumeCommand,
      changedRecipe: job.isLengthChanged ? recipe.yaml() : nil
    ).run(log: log, interruption: job.session.interruption)
    return try finish(task, trainer, state: state, log: log)
  }

  private func introduce(
    _ task: ImageRestoration, _ trainer: TaskTrainer<ImageRestoration>, log: RunLog
  ) {
    log.notice(task.data.summary)
    log.notice(
      "Learning from \(task.data.train.count) pictures, held out to choose the best weights: "
        + "\(task.data.heldOut.count); degradation \(job.recipe.restoration.degradation)"
        + (task.areFixedPairs ? ", once for each picture" : ""))
    for note in task.data.notes { log.warning(note) }
    let left = task.data.skipped
    if !left.isEmpty {
      log.warning(
        "\(left.count) \(left.count == 1 ? "file is" : "files are") left out: "
          + left.prefix(3).map { "\($0.path) (\($0.reason))" }.joined(separator: "; ")
          + (left.count > 3 ? "; …" : ""))
    }
    job.introduce(task.model.name, trainer, job.recipe.tuning, log: log)
  }

  /// Scores the best weights as `vision-evaluate` would, writes the report, answers.
  private func finish(
    _ task: ImageRestoration, _ trainer: TaskTrainer<ImageRestoration>, state: TaskState,
    log: RunLog
  ) throws -> FinetuneResult {
    var result: RestorationResult?
    var others: [RestorationResult] = []
    if !task.data.heldOut.isEmpty {
      let evaluation = RestorationEvaluation(
        items: task.data.heldOut, path: job.inputs.data,
        degradation: job.recipe.restoration.degradation, seed: job.recipe.seed)
      result = try evaluation.result(
        of: .network(RestorationModel.load(job.folder.best.path)), reference: job.folder.best.path)
      others = try RestorationYardsticks.names(
        for: job.recipe.restoration.degradation, pixels: result?.pixels ?? 0
      ).compactMap { name in
        try RestorationMethod(
          baseline: name, against: job.recipe.restoration.degradation
        ).map {
          try evaluation.result(of: $0, reference: "baseline:" + name)
        }
      }
    }
    let skipped = task.data.skipped + task.skipped
    try job.write(skipped: skipped, log: log)
    let best = trainer.best == nil ? state.step : trainer.bestStep
    let checks = try job.checkAdapter(of: task, job.recipe.tuning, log: log)
    let charts = try FinetuneCharts(of: job.folder)
    var sections = [
      try charts.section(
        [
          (
            "losses",
            charts.chart(
              "Loss", vertical: "loss", columns: [("loss", "training")],
              smoothing: 0.9), "It should fall and level off."
          ),
          (
            "scores",
            charts.chart(
              "PSNR", vertical: "dB",
              columns: [
                ("trainPsnr", "training crops"), ("psnr", "held-out pictures"),
                ("inputPsnr", "held-out pictures before restoring"),
              ], smoothing: 0.5),
            "Held-out pictures should rise above what they were before restoring."
          ),
        ], in: job.folder)
    ]
    if let result {
      if job.recipe.report.pictures {
        let sheet = try result.strips()
        try sheet.write(to: job.folder.pictures.appendingPathComponent("restored.png"))
        sections.append(
          .init(
            "Held-out pictures",
            blocks: [
              .figure(
                .init(
                  try .sheet(sheet), caption: "Spoiled, restored, clean. \(result.caption)",
                  lookFor: "Noise and blocks should go while edges and texture stay."))
            ]))
      }
      sections.append(
        .init(
          "Scores",
          blocks: [.table(RestorationTable.table([result] + others))]
            + HTMLReport.Block.comparisons(others.flatMap { result.comparisons(with: $0) })))
    }
    sections += checks.sections
    try HTMLReport(
      title: "Image restoration",
      subtitle: "\(task.model.name) · \(job.recipe.restoration.degradation)",
      keyFigures: keyFigures(result, state: state),
      protocolText: "Seed \(job.recipe.seed), \(job.threads) threads, \(state.step) steps. "
        + (result.map { "The weights of step \(best) did best. \($0.caption)" }
          ?? "Nothing was held out; the last weights were kept."),
      sections: sections, command: job.folder.firstCommand ?? job.session.quotedCommandLine,
      recipe: job.recipe.yaml(),
      skipped: skipped.map { .init(path: $0.path, reason: $0.reason) }
    ).write(to: job.folder.report)
    let yardsticks =
      result.map { result in
        [
          Yardstick(
            name: "the spoiled pictures", metric: "PSNR", value: result.inputPsnr,
            model: result.psnr)
        ]
          + others.map {
            Yardstick(name: $0.reference, metric: "PSNR", value: $0.psnr, model: result.psnr)
          }
      } ?? []
    Yardstick.tell(yardsticks, log: log)
    return job.result(
      of: trainer, job.recipe.tuning, state: state, bestStep: best, best: result,
      yardsticks: yardsticks, checks: checks, log: log)
  }

  private func keyFigures(
    _ result: RestorationResult?, state: TaskState
  ) -> [HTMLReport.KeyFigure] {
    var figures: [HTMLReport.KeyFigure] = []
    if let result {
      figures.append(
        .init(
          "PSNR, held out", RestorationTable.text(result.psnr), unit: "dB",
          note: "before: \(RestorationTable.text(result.inputPsnr)) dB"))
      figures.append(.init("SSIM, held out", RestorationTable.text(result.ssim, decimals: 3)))
    }
    figures.append(.init("Steps", String(state.step), note: "\(state.images) crops"))
    return figures
  }
}
