import Backbones
import CommandSupport
import Datasets
import Foundation
import Frames
import Layers
import Pretraining
import Recipes
import Reports
import Storage
import Tensors
import Training

/// One run of `vision-pretrain`, new or resumed: crops, training, inspection, report.
struct PretrainRun {
  private let job: PretrainJob
  private let session: CommandSession
  private let folder: RunFolder
  private let start = ContinuousClock.now

  init(job: PretrainJob, session: CommandSession) {
    self.job = job
    self.session = session
    folder = RunFolder(url: job.folder)
  }

  private var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

  func run() throws -> PretrainResult {
    let recipe = job.recipe
    // Everything that can be wrong with names and paths is found before the folder is made.
    let random = RandomStream(seed: UInt64(recipe.seed))
    let made = try recipe.makeBackbone(random: random)
    try PretrainingTrainer.check(recipe, backbone: made.backbone)
    let findings = try job.footage()
    let items = findings.items
    let extraction = ExtractionBridge.extraction(of: job)
    let cut = try job.outcomesOfCompleteStore(items, of: extraction)
    if job.isResumed {
      folder.removeUnfinished()
    } else {
      var kept = job
      kept.keep(items, of: extraction)
      try folder.create(
        recipe: kept.recipe.yaml(), inputs: kept.inputs, seed: kept.recipe.seed,
        threads: kept.threads, command: session.quotedCommandLine)
    }
    let log = try RunLog(file: folder.log, console: session.console)
    log.notice(
      (job.isResumed ? "Resuming " : "Run folder: ") + job.folder.path)
    log.notice("Found \(counted(items.count, "video")), \(counted(job.threads, "thread"))")
    if let notice = job.notice(of: findings, extraction) { log.notice(notice) }
    let footage = try PretrainFootage(
      items, of: job, in: folder, cut: cut, session: session, log: log)
    defer { footage.stop() }
    do {
      return try train(made, footage: footage, random: random, log: log)
    } catch is CancellationError {
      throw CommandFailure.interrupted(resumeWith: resumeCommand)
    } catch PretrainingError.noCrops {
      let outcomes = try footage.outcomes()
      let first = outcomes.first?.skippedReason.map { "; the first: \($0.clause)" } ?? ""
      throw CommandFailure(
        .badData,
        "Nothing can be learned: not one crop came out of "
          + "\(counted(outcomes.count, "video")) (reasons in “\(folder.skipped.path)”)\(first).")
    }
  }

  private var resumeCommand: String {
    "vision-pretrain --resume " + quotedForShell(job.folder.path)
  }

  private func train(
    _ made: (backbone: any MaskableBackbone, entry: BackboneCatalog.Entry),
    footage: PretrainFootage, random: RandomStream, log: RunLog
  ) throws -> PretrainResult {
    let recipe = job.recipe
    let extent = made.backbone.inputExtent
    let model = PretrainingModel(
      backbone: made.backbone, embedding: recipe.model.embedding,
      normalizingEmbedding: recipe.model.embeddingNormalization == .batch, random: random)
    log.notice(
      "Model: \(recipe.model.backbone) at \(extent.height)x\(extent.width), "
        + "\(made.backbone.parameterCount()) parameters and \(model.heads.parameterCount()) in "
        + "heads, 100 % trained")
    if let notice = recipe.transformerNotice { log.notice(notice) }
    let source = CropSource(footage.feed)
    let trainer = try PretrainingTrainer(
      recipe: recipe, source: source, model: model, preprocessing: made.entry.preprocessing,
      videos: footage.videos)
    log.notice("Training: " + trainer.plan.summary)
    if job.isLengthChanged {
      if let state = job.state { try trainer.plan.check(state) }
      // From here on the run has its new length, however it ends.
      try folder.write(recipe.yaml(), to: folder.recipe)
      log.notice("The length was changed; the learning rate follows the schedule of the new one")
    }
    if !footage.feed.isComplete {
      log.notice(
        "Training begins while footage is read; from step \(trainer.rule.completeStep) on it sees "
          + "all of it")
    }
    let configuration = ModelFolder.configuration(
      of: made.backbone, entry: made.entry, embedding: recipe.model.embedding,
      origin: "vision-pretrain, objective \(recipe.schedule.objective.rawValue), "
        + "\(counted(trainer.plan.totalSteps, "step")), seed \(recipe.seed)")
    let fillings = FillingFigures(
      folder: folder,
      inspector: PretrainingInspector(
        model: model, source: source, recipe: recipe, preprocessing: made.entry.preprocessing))
    let training = TrainingSession(
      trainer: trainer, folder: folder, configuration: configuration, threads: job.threads,
      isResumed: job.isResumed, start: start, command: resumeCommand, footage: footage,
      atEndOfStage: { stage in
        guard stage.objective != .isr else { return }
        let heldOut = trainer.heldOut
        let losses = try trainer.withBestWeights {
          try fillings.take(
            crops: heldOut ?? 0..<source.store.count,
            heldOut: heldOut.map { source.store.records[$0.lowerBound].video },
            drawing: recipe.report.pictures)
        }
        log.notice(losses.sentence)
      })
    let state = try training.run(log: log, interruption: session.interruption)
    let outcomes = try footage.outcomes()
    let trained = ContinuousClock.now
    try trainer.writeBest(to: folder.best, configuration: configuration)
    try folder.write(
      ModelCard(configuration: configuration, recipe: recipe).text,
      to: folder.best.appendingPathComponent("README.md"))
    let report = PretrainReport(
      folder: folder, job: job, outcomes: outcomes, trainer: trainer, source: source,
      preprocessing: made.entry.preprocessing, state: state,
      command: folder.firstCommand ?? session.quotedCommandLine)
    let summary = try report.write(log: log)
    let finished = outcomes.filter { $0.skippedReason == nil }
    let result = PretrainResult(
      run: job.folder.path, videos: finished.count, skipped: outcomes.count - finished.count,
      frames: outcomes.reduce(0) { $0 + $1.frames }, crops: source.store.count, pairs: state.pairs,
      steps: state.step, images: state.images,
      imagesPerSecond: state.imagesPerSecond,
      peakMemoryMiB: Double(max(state.peakResidentBytes, Compute.peakResidentBytes)) / 1_048_576,
      simmimLoss: summary.simmimLoss, isrLoss: summary.isrLoss,
      seconds: state.elapsed + (ContinuousClock.now - trained) / .seconds(1),
      waitedSeconds: state.waited, matchPrecision: summary.precision,
      alarms: state.alarms, report: folder.report.path, mining: summary.mining,
      masked: summary.masked, files: summary.files)
    log.notice(
      "Training waited \(Self.short(trainer.headWait)) s for its first frames and "
        + "\(Self.short(state.waited)) s for footage later")
    log.notice(
      "Done in \(Int(elapsed.rounded())) s: model \(folder.best.path), report "
        + folder.report.path)
    return result
  }

  private static func short(_ seconds: Double) -> String {
    String((seconds * 10).rounded() / 10)
  }
}
