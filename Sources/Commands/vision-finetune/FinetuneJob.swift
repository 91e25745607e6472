import CommandSupport
import Foundation
import Recipes
import Reports
import Tensors

/// One call of `vision-finetune` at work, whatever the task.
struct FinetuneJob<Settings: Recipe> {
  let inputs: FinetuneInputs
  let recipe: Settings
  let folder: RunFolder
  let session: CommandSession
  let isResumed: Bool
  let isDryRun: Bool
  /// Whether a resumed run got another length.
  let isLengthChanged: Bool
  let start = ContinuousClock.now

  /// Starts the threads that the recipe asks for.
  init(
    _ inputs: FinetuneInputs, recipe: Settings, flags: Finetune, folder: RunFolder,
    session: CommandSession
  ) {
    self.inputs = inputs
    self.recipe = recipe
    self.folder = folder
    self.session = session
    isResumed = flags.common.resume != nil
    isDryRun = flags.common.dryRun
    isLengthChanged = isResumed && !flags.lengthFlags.isEmpty
    Compute.configure(
      threads: recipe.threads > 0
        ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Threads of the run.
  var threads: Int { Compute.threads }

  /// Seconds since the call began.
  var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// The command that continues the run.
  var resumeCommand: String { "vision-finetune --resume " + quotedForShell(folder.url.path) }

  /// Makes or continues the run folder, once everything is known to be usable.
  func openFolder() throws -> RunLog {
    if isResumed {
      folder.removeUnfinished()
    } else {
      try folder.create(
        recipe: recipe.yaml(), inputs: inputs, seed: recipe.seed, threads: threads,
        command: session.quotedCommandLine)
    }
    let log = try RunLog(file: folder.log, console: session.console)
    log.notice((isResumed ? "Resuming " : "Run folder: ") + folder.url.path)
    return log
  }
}
