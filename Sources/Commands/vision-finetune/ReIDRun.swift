import Backbones
import CommandSupport
import Datasets
import Evaluation
import Foundation
import Layers
import Metrics
import Recipes
import Reports
import Storage
import Tasks
import Tensors
import Training

/// One run of `vision-finetune --task reid`, new or resumed: data, training, report.
struct ReIDRun {
  let job: FinetuneJob<ReIDRecipe>

  func run() throws -> any Encodable {
    let recipe = job.recipe
    // Everything that can be wrong with names and data is found before the folder is made.
    let people = try PersonFolder(
      root: URL(fileURLWithPath: job.inputs.data), seed: UInt64(recipe.seed))
    let data = try ReIDData(
      people, settings: recipe.reid, validationShare: recipe.training.validationShare,
      random: RandomStream(seed: UInt64(recipe.seed)).split("data"))
    if job.isDryRun, !job.isResumed { try job.folder.checkIsFree() }
    var opened: LoadNotice?
    let (task, log) = try job.prepare(recipe.tuning, recipe.training) { adapter in
      let start = try StartingModel.load(
        job.startingModel(recipe.tuning, checkpointHas: ModelConfiguration.fileName),
        seed: recipe.seed)
      opened = LoadNotice(start)
      return try PersonReID(
        data: data, recipe: recipe, start: start, origin: job.origin(recipe.tuning),
        adapter: adapter)
    }
    if let opened { log.tell(opened) }
    let trainer = TaskTrainer(
      task, settings: recipe.training, random: RandomStream(seed: UInt64(recipe.seed)))
    introduce(people, task, trainer, log: log)
    if job.isDryRun {
      let paths = Set((data.train + data.query + data.gallery).map(\.path)).sorted()
      return try FinetuneDryRun(
        trainer,
        .init(
          task: "reid", persons: data.persons.count, images: data.train.count,
          heldOutPersons: Set(data.query.map(\.person)).count,
          heldOutImages: data.query.count + data.gallery.count,
          cameras: Set(data.train.compactMap(\.camera)).count, data: DataSummary(people),
          notes: data.notes + task.notes + [task.headNote].compactMap(\.self),
          skipped: people.skipped, files: paths.count,
          measuringSteps: try job.measuringSteps(task, recipe.tuning, recipe.training)),
        log: log, interruption: job.session.interruption
      ) { advance in
        try PictureCheck.undecodable(
          paths.map { FacePicture(path: $0, person: 0) }, progress: advance)
      }
    }
    let state = try FinetuneSession(
      trainer: trainer, folder: job.folder, threads: job.threads, isResumed: job.isResumed,
      report: recipe.report,
      columns: [
        "loss.identity", "loss.pair", "loss.centre", "trainAccuracy", "separated", "mAP", "rank1",
        "mINP",
      ],
      resumeCommand: job.resumeCommand,
      changedRecipe: job.isLengthChanged ? recipe.yaml() : nil
    ).run(log: log, interruption: job.session.interruption)
    return try finish(people, task, trainer, state: state, log: log)
  }

  /// The first lines of a run: data, network, what is trained, plan.
  private func introduce(
    _ people: PersonFolder, _ task: PersonReID, _ trainer: TaskTrainer<PersonReID>, log: RunLog
  ) {
    log.notice(people.summary)
    let data = task.data
    log.notice(
      "Learning \(data.persons.count) persons from \(data.train.count) pictures; held out to choose "
        + "the best weights: \(Set(data.query.map(\.person)).count) persons, "
        + "\(data.query.count + data.gallery.count) pictures")
    for note in data.notes + task.notes { log.warning(note) }
    if let note = task.headNote, !job.isResumed { log.notice(note) }
    if !people.query.isEmpty, !people.isSeededSplit {
      // The test is not looked at, but that it cannot be scored is better known before a night of training.
      do {
        try people.requireEvaluable()
      } catch {
        log.warning(error.description)
      }
    }
    job.warn(of: task.configuration.pretrainedCfg, log: log)
    let extent = task.model.backbone.inputExtent
    job.introduce(
      "\(task.configuration.architecture) at \(extent.height)x\(extent.width)", trainer,
      job.recipe.tuning, log: log)
  }

  /// Scores the best weights as `vision-evaluate` would, writes the report, answers.
  private func finish(
    _ people: PersonFolder, _ task: PersonReID, _ trainer: TaskTrainer<PersonReID>,
    state: TaskState, log: RunLog
  ) throws -> FinetuneResult {
    var result: RetrievalResult?
    var yardsticks: ReIDYardsticks?
    if !task.data.query.isEmpty {
      let heldOut = PersonFolder(
        path: people.path, layout: "persons held out of the training pictures",
        query: task.data.query, gallery: task.data.gallery, personNames: people.personNames)
      let evaluation = try RetrievalEvaluation(
        heldOut,
        settings: RetrievalSettings(
          rule: task.data.usesCameras ? .crossCamera : .withoutCameras, seed: job.recipe.seed))
      result = try evaluation.result(of: FeatureExtractor(job.folder.best.path))
      yardsticks = try ReIDYardsticks(
        evaluation, data: task.data, model: job.folder.best.path)
    }
    let skipped = people.skipped + task.skipped
    try job.write(skipped: skipped, log: log)
    try FinetuneCard(
      configuration: task.configuration, task: "person re-identification",
      compares: task.model.head.shape.searchesAfterNeck
        ? "the vector after the neck (head.safetensors)" : "the pooled features"
    ).write(to: job.folder)
    let best = trainer.best == nil ? state.step : trainer.bestStep
    let checks = try job.checkAdapter(of: task, job.recipe.tuning, log: log)
    try ReIDReport(
      job: job, task: task, result: result, yardsticks: yardsticks, bestStep: best, state: state,
      checks: checks, skipped: skipped
    )
    .write()
    if let scores = result?.scores {
      log.notice(
        "Best weights of step \(best): mAP \(RetrievalTable.text(scores.mAP)), rank-1 "
          + "\(RetrievalTable.text(scores.rank1)) on \(scores.queryPersons) held-out persons")
    }
    let compared = result.flatMap { yardsticks?.scores(beside: $0) } ?? []
    Yardstick.tell(compared, log: log)
    if !people.query.isEmpty, !people.isSeededSplit {
      log.notice(
        "Score it on the test people with: vision-evaluate \(quotedForShell(job.folder.url.path)) "
          + "--task reid --data \(quotedForShell(job.inputs.data))")
    }
    return job.result(
      of: trainer, job.recipe.tuning, state: state, bestStep: best, best: result,
      yardsticks: compared, checks: checks, log: log)
  }
}
