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
    let task = try ImageRestoration(
      data: data, recipe: recipe, model: startingModel(),
      origin: "vision-finetune --task restoration, from \(recipe.tuning.start), "
        + "\(recipe.tuning.method), seed \(recipe.seed)")
    let trainer = TaskTrainer(task, settings: recipe.training, random: random)
    let log =
      job.isDryRun
      ? try RunLog(file: nil, console: job.session.console) : try job.openFolder()
    introduce(task, trainer, log: log)
    if job.isDryRun { return try dryRun(task, trainer, log: log) }
    let state = try FinetuneSession(
      trainer: trainer, folder: job.folder, threads: job.threads, isResumed: job.isResumed,
      report: recipe.report, columns: ["trainPsnr", "psnr", "inputPsnr"],
      resumeCommand: job.resumeCommand
    ).run(log: log, interruption: job.session.interruption)
    return try finish(task, trainer, state: state, log: log)
  }

  private func startingModel() throws -> RestorationModel {
    let last = job.folder.last
    let hasCheckpoint = FileManager.default.fileExists(
      atPath: last.appendingPathComponent(TaskDescription.fileName).path)
    return try RestorationModel.load(
      job.isResumed && hasCheckpoint ? last.path : job.recipe.tuning.start, seed: job.recipe.seed)
  }

  private func introduce(
    _ task: ImageRestoration, _ trainer: TaskTrainer<ImageRestoration>, log: RunLog
  ) {
    log.notice(task.data.summary)
    log.notice(
      "Learning from \(task.data.train.count) pictures, held out to choose the best weights: "
        + "\(task.data.heldOut.count); degradation \(job.recipe.restoration.degradation)")
    for note in task.data.notes { log.warning(note) }
    let (trained, total) = (task.trainableParameterCount, task.parameterCount)
    let share = Double(Int(1000 * Double(trained) / Double(max(total, 1)))) / 10
    log.notice(
      "Model: \(task.model.name) from \(job.recipe.tuning.start); \(trained) of \(total) parameters "
        + "train, \(share) %")
    log.notice("Training: \(trainer.totalSteps) steps, \(job.threads) threads")
  }

  /// Two steps tell time and memory.
  private func dryRun(
    _ task: ImageRestoration, _ trainer: TaskTrainer<ImageRestoration>, log: RunLog
  ) throws -> any Encodable {
    struct Result: Encodable {
      let dryRun = true
      let task = "restoration"
      let images: Int
      let heldOutImages: Int
      let trainableParameters: Int
      let totalParameters: Int
      let steps: Int
      let estimatedMinutes: Double
      let estimatedMemoryMiB: Double
    }
    _ = try trainer.advance()
    let start = ContinuousClock.now
    if !trainer.isFinished { _ = try trainer.advance() }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let minutes = seconds * Double(trainer.totalSteps) / 60
    let memory = Double(Compute.peakResidentBytes) / 1_048_576
    log.notice(
      "About \(max(1, Int(minutes.rounded()))) minutes and \(Int(memory)) MiB by two steps tried now"
    )
    log.notice("Dry run: nothing was written.")
    return Result(
      images: task.data.train.count, heldOutImages: task.data.heldOut.count,
      trainableParameters: task.trainableParameterCount, totalParameters: task.parameterCount,
      steps: trainer.totalSteps, estimatedMinutes: minutes, estimatedMemoryMiB: memory)
  }

  /// Scores the best weights as `vision-evaluate` would, writes the report, answers.
  private func finish(
    _ task: ImageRestoration, _ trainer: TaskTrainer<ImageRestoration>, state: TaskState,
    log: RunLog
  ) throws -> FinetuneResult {
    var result: RestorationResult?
    if !task.data.heldOut.isEmpty {
      let evaluation = RestorationEvaluation(
        items: task.data.heldOut, path: job.inputs.data,
        degradation: job.recipe.restoration.degradation, seed: job.recipe.seed)
      result = try evaluation.result(
        of: .network(RestorationModel.load(job.folder.best.path)), reference: job.folder.best.path)
    }
    let skipped = task.data.skipped + task.skipped
    try job.folder.write(
      skipped.map { "\($0.path)\t\($0.reason)\n" }.joined(), to: job.folder.skipped)
    let best = trainer.best == nil ? state.step : trainer.bestStep
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
      sections.append(.init("Scores", blocks: [.table(RestorationTable.table([result]))]))
    }
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
    log.notice(
      "Done in \(Int(job.elapsed.rounded())) s: model \(job.folder.best.path), report "
        + job.folder.report.path)
    return FinetuneResult(
      run: job.folder.url.path, task: "restoration", adapter: job.recipe.tuning.method,
      trainableParameters: task.trainableParameterCount, totalParameters: task.parameterCount,
      steps: state.step, imagesPerSecond: Double(state.images) / max(state.seconds, 1e-9),
      peakMemoryMiB: Double(max(state.peakResidentBytes, Compute.peakResidentBytes)) / 1_048_576,
      best: result, bestStep: best, seconds: state.seconds, report: job.folder.report.path)
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
