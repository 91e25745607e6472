import Backbones
import CommandSupport
import Datasets
import Evaluation
import Foundation
import Layers
import Metrics
import Quality
import Recipes
import Reports
import Storage
import Tasks
import Tensors
import Training

/// One run of `vision-finetune --task face`, new or resumed: data, training, report.
struct FaceRun {
  let job: FinetuneJob<FaceRecipe>

  func run() throws -> any Encodable {
    let recipe = job.recipe
    // Everything that can be wrong with names and data is found before the folder is made.
    let faces = try FaceFolder(path: job.inputs.data)
    let data = try FaceData(
      faces, settings: recipe.face, validationShare: recipe.training.validationShare,
      random: RandomStream(seed: UInt64(recipe.seed)).split("data"))
    if job.isDryRun, !job.isResumed { try job.folder.checkIsFree() }
    var quality: (any QualityMetric)?
    let learns = try FaceRecognition.learnsQuality(recipe)
    // Two steps of a dry run say nothing about quality, so the measure need not be trained for them.
    if learns, job.isDryRun { quality = PictureDetail() }
    var opened: LoadNotice?
    let (task, log) = try job.prepare(
      recipe.tuning, recipe.training,
      before: learns ? { quality = try job.learnedQuality(data, log: $0) } : nil
    ) { adapter in
      let start = try StartingModel.load(
        job.startingModel(recipe.tuning, checkpointHas: ModelConfiguration.fileName),
        seed: recipe.seed)
      opened = LoadNotice(start)
      return try FaceRecognition(
        data: data, recipe: recipe, start: start, origin: job.origin(recipe.tuning),
        adapter: adapter, quality: quality)
    }
    if let opened { log.tell(opened) }
    let trainer = TaskTrainer(
      task, settings: recipe.training, random: RandomStream(seed: UInt64(recipe.seed)))
    introduce(faces, task, trainer, log: log)
    if job.isDryRun {
      let heldOut = data.heldOut.map { test in
        (test.search.map { $0.gallery + $0.probes } ?? []) + test.pairs.flatMap(\.pictures)
      }
      return try FinetuneDryRun(
        trainer,
        .init(
          task: "face", persons: data.persons.count, images: data.train.count,
          heldOutPersons: data.heldOutPersons, heldOutImages: data.heldOutPictures,
          notes: data.notes + task.notes
            + [task.headNote, sharedPersons()].compactMap(\.self),
          skipped: faces.skipped, files: data.train.count + data.heldOutPictures,
          measuringSteps: try job.measuringSteps(task, recipe.tuning, recipe.training)),
        log: log, interruption: job.session.interruption
      ) { advance in
        try PictureCheck.undecodable(data.train + (heldOut ?? []), progress: advance)
      }
    }
    let state = try FinetuneSession(
      trainer: trainer, folder: job.folder, threads: job.threads, isResumed: job.isResumed,
      report: recipe.report,
      columns: ["trainAccuracy", "quality", "penalty", "auc", "accuracy", "tar"],
      resumeCommand: job.resumeCommand,
      changedRecipe: job.isLengthChanged ? recipe.yaml() : nil
    ).run(log: log, interruption: job.session.interruption)
    return try finish(faces, task, trainer, state: state, log: log)
  }

  /// What persons of training and test in one tell; nil without any.
  private func sharedPersons() throws -> String? {
    FaceFolder.warning(ofShared: try FaceFolder.sharedPersons(job.inputs.data))
  }

  /// The first lines of a run: data, network, what is trained, plan.
  private func introduce(
    _ faces: FaceFolder, _ task: FaceRecognition, _ trainer: TaskTrainer<FaceRecognition>,
    log: RunLog
  ) {
    let data = task.data
    let aligned = faces.pictures.count { $0.landmarks != nil }
    log.notice(
      "\(faces.path) (\(faces.layout)): \(faces.pictures.count) pictures of \(faces.personCount) "
        + "persons, \(aligned) with landmarks, \(faces.skipped.count) left out")
    log.notice(
      "Learning \(data.persons.count) persons from \(data.train.count) pictures; held out to choose "
        + "the best weights: \(data.heldOutPersons) persons, \(data.heldOutPictures) pictures")
    for note in data.notes + task.notes { log.warning(note) }
    if let warning = try? sharedPersons() { log.warning(warning) }
    if let note = task.headNote, !job.isResumed { log.notice(note) }
    job.warn(of: task.configuration.pretrainedCfg, log: log)
    let extent = task.model.backbone.inputExtent
    job.introduce(
      "\(task.configuration.architecture) at \(extent.height)x\(extent.width)", trainer,
      job.recipe.tuning, log: log)
  }

  /// Scores the best weights as `vision-evaluate` would, writes the report, answers.
  private func finish(
    _ faces: FaceFolder, _ task: FaceRecognition, _ trainer: TaskTrainer<FaceRecognition>,
    state: TaskState, log: RunLog
  ) throws -> FinetuneResult {
    var result: FaceResult?
    var others: [FaceResult] = []
    if let test = task.data.heldOut {
      let evaluation = FaceEvaluation(
        test,
        settings: FaceScoringSettings(
          resolutions: [32, 16], size: task.preparation.size, seed: job.recipe.seed))
      result = try evaluation.result(of: FeatureExtractor(job.folder.best.path))
      let fitting = FittingPictures(
        task.data.train, path: faces.path, preparation: task.preparation, test: test)
      others = try ["pixels", "pixels-lda"].map {
        try evaluation.result(
          of: FeatureExtractor("baseline:" + $0, seed: job.recipe.seed, fitting: fitting))
      }
    }
    let skipped = faces.skipped + task.skipped
    try job.write(skipped: skipped, log: log)
    try FinetuneCard(
      configuration: task.configuration, task: "face recognition",
      compares: "the vector of the head (head.safetensors); \(task.preparation.text)"
    ).write(to: job.folder)
    let best = trainer.best == nil ? state.step : trainer.bestStep
    let checks = try job.checkAdapter(of: task, job.recipe.tuning, log: log)
    try FaceFineTuningReport(
      job: job, task: task, result: result, yardsticks: others, bestStep: best, state: state,
      checks: checks, skipped: skipped
    ).write()
    if let scores = result?.scores.first {
      log.notice(
        "Best weights of step \(best): AUC \(RetrievalTable.text(scores.curve?.area ?? 0)), rank-1 "
          + "\(RetrievalTable.text(scores.ranks[1] ?? 0)) on \(task.data.heldOutPersons) held-out "
          + "persons")
    }
    let area = result?.scores.first?.curve?.area ?? 0
    let yardsticks = others.compactMap { other in
      other.scores.first?.curve.map {
        Yardstick(name: other.model.reference, metric: "AUC", value: $0.area, model: area)
      }
    }
    Yardstick.tell(yardsticks, log: log)
    return job.result(
      of: trainer, job.recipe.tuning, state: state, bestStep: best, best: result,
      yardsticks: yardsticks, checks: checks, log: log)
  }
}
