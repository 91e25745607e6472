import Adapters
import ArgumentParser
import CommandSupport
import Foundation
import Recipes
import Reports
import Tasks

/// Labelled pictures in, a fine-tuned model and a report out.
struct Finetune: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-finetune",
    abstract: "Fine-tune a model for a task with labelled data.",
    discussion: """
      Trains a task's head on a pretrained or untrained network, all of the network or an adapter, \
      and keeps the weights that do best on held-out training data. The test data is not looked at; \
      score the result with vision-evaluate.

      Example: vision-finetune --task reid --data market --from runs/walk --output runs/market
               vision-finetune --task face --data faces --adapter lora --from runs/faces
      Look up: vision-finetune --list-adapters
               vision-finetune --list-sites --from runs/walk --adapter lora --sites 'attn.qkv[q,v]'
      Resume:  vision-finetune --resume runs/market
      Extend:  vision-finetune --resume runs/market --steps 5000

      The run folder holds the model (best/), the checkpoint (last/), metrics.csv, pictures and \
      report.html.
      """)
  static let savesWhenInterrupted = true

  @Option(help: ArgumentHelp("What to learn: \(Self.tasks).", valueName: "task"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "Labelled data; reid: bounding_box_train/ or train/ with one folder per person, or one folder "
        + "per person alone; face: train/ or the folder itself with one sub-folder per person, or a "
        + ".rec file; restoration: pairs such as input/ and target/, or clean pictures with "
        + "--set restoration.degradation=noise25.", valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "What to start from: a run folder, a model folder or random:BACKBONE. (default: the recipe's; "
        + "tiny: random:convnet_small, or random:nafnet_small)", valueName: "run|model"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "What to train: full (all weights), head (the new parts alone), or an adapter: "
        + AdapterCatalog.all.map { $0.name }.joined(separator: " ") + ". "
        + "(default: the recipe's, full)", valueName: "name"))
  var adapter: String?

  @Option(help: "Rank of an adapter that has one, adapter.rank. (default: the adapter's own)")
  var rank: Int?

  @Option(
    help: ArgumentHelp(
      "Layers an adapter is put on: paths, ends of paths, patterns with *, all-linear, "
        + "all-convolution, parts as in attn.qkv[q,v]; commas between. (default: the adapter's own "
        + "choice)", valueName: "pattern"))
  var sites: String?

  @Flag(help: "List the adapters with their settings, and do nothing else. (default: off)")
  var listAdapters = false

  @Flag(
    help: ArgumentHelp(
      "List the layers of the network given by --from (or the recipe of --task) with shapes and "
        + "parameters, and what --adapter would train there, and do nothing else. (default: off)"))
  var listSites = false

  @Option(help: ArgumentHelp("Run folder to make. (default: runs/DATE-TASK)", valueName: "run"))
  var output: String?

  @Option(
    help: "Passes over the training data; with --resume the new length. (default: the recipe's)")
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "Optimizer steps; with --resume the new length. (default: the recipe's; tiny: 1500, or 2000)")
  )
  var steps: Int?

  @OptionGroup(title: "Common flags") var common: CommonFlags

  private static let tasks = "reid, face or restoration"

  func validate() throws {
    if epochs != nil, steps != nil {
      throw ValidationError("--epochs and --steps exclude each other.")
    }
    for (flag, value) in [("--epochs", epochs), ("--steps", steps), ("--rank", rank)] {
      guard let value, value < 1 else { continue }
      throw ValidationError("\(flag) takes a whole number of at least 1.")
    }
    if listAdapters { return }
    if let task, TaskDescription.Task(rawValue: task) == nil {
      throw ValidationError("--task takes \(Self.tasks), not “\(task)”.")
    }
    if listSites {
      guard common.resume == nil, from != nil || task != nil || common.recipe != nil else {
        throw ValidationError(
          "--list-sites needs the network: --from RUN, MODEL or random:BACKBONE.")
      }
      return
    }
    guard common.resume != nil else {
      guard task != nil else {
        throw ValidationError("Say what to learn: --task \(Self.tasks).")
      }
      guard data != nil else { throw ValidationError("Name the labelled data: --data DIR.") }
      return
    }
    for (flag, isGiven) in [
      ("--task", task != nil), ("--data", data != nil), ("--from", from != nil),
      ("--adapter", adapter != nil), ("--rank", rank != nil), ("--sites", sites != nil),
      ("--output", output != nil),
    ] where isGiven {
      throw ValidationError(
        "--resume takes everything but the length from the run folder; leave \(flag) out.")
    }
  }

  func perform(in session: CommandSession) throws -> any Encodable {
    if listAdapters { return AdapterList(printingTo: session.console) }
    if listSites { return try siteList(printingTo: session.console) }
    let inputs: FinetuneInputs
    let folder: RunFolder
    if let resume = common.resume {
      folder = RunFolder(url: URL(fileURLWithPath: resume))
      inputs = try FinetuneInputs(of: folder)
    } else {
      let task = task.flatMap(TaskDescription.Task.init(rawValue:)) ?? .reid
      inputs = FinetuneInputs(task: task, data: URL(fileURLWithPath: data ?? "").path)
      folder = RunFolder(
        url: URL(fileURLWithPath: output ?? Self.defaultFolder(task.rawValue)))
    }
    switch inputs.task {
    case .reid:
      return try ReIDRun(
        job: FinetuneJob(
          inputs, recipe: recipe(ReIDRecipe.self, in: folder), flags: self,
          folder: folder, session: session)
      ).run()
    case .face:
      return try FaceRun(
        job: FinetuneJob(
          inputs, recipe: recipe(FaceRecipe.self, in: folder), flags: self,
          folder: folder, session: session)
      ).run()
    case .restoration:
      return try RestorationRun(
        job: FinetuneJob(
          inputs, recipe: recipe(RestorationRecipe.self, in: folder), flags: self, folder: folder,
          session: session)
      ).run()
    }
  }

  /// The sites of the network that a run would start from.
  private func siteList(printingTo console: Console) throws -> SiteList {
    let (tuning, seed): (TuningSettings, Int)
    switch task.flatMap(TaskDescription.Task.init(rawValue:)) ?? .reid {
    case .reid:
      let recipe = try common.resolvedRecipe(ReIDRecipe.self, flags: recipeFlags)
      (tuning, seed) = (recipe.tuning, recipe.seed)
    case .face:
      let recipe = try common.resolvedRecipe(FaceRecipe.self, flags: recipeFlags)
      (tuning, seed) = (recipe.tuning, recipe.seed)
    case .restoration:
      let recipe = try common.resolvedRecipe(RestorationRecipe.self, flags: recipeFlags)
      (tuning, seed) = (recipe.tuning, recipe.seed)
    }
    return try SiteList(of: tuning, seed: seed, printingTo: console)
  }

  /// The recipe of a new run, or that of the run to continue.
  private func recipe<Settings: Recipe>(
    _ type: Settings.Type, in folder: RunFolder
  ) throws -> Settings {
    guard common.resume != nil else {
      return try common.resolvedRecipe(type, flags: recipeFlags)
    }
    var recipe = try Settings(contentsOf: folder.recipe)
    if let threads = try common.requestedThreads() { recipe.threads = threads }
    try recipe.apply(lengthFlags)
    // The file may have been edited since the run began.
    try recipe.validate()
    return recipe
  }

  /// The command's own flags as recipe keys.
  private var recipeFlags: [RecipeOverride] {
    var flags: [RecipeOverride] = []
    func add(_ flag: String, _ key: String, _ value: (some CustomStringConvertible)?) {
      if let value { flags.append(RecipeOverride(flag: flag, key: key, value: value)) }
    }
    // A path is kept whole, so that the run can be resumed from another place.
    let start = from.map {
      $0.hasPrefix("random:") ? $0 : URL(fileURLWithPath: $0).path
    }
    add("--from", "tuning.start", start)
    add("--adapter", "tuning.method", adapter)
    add("--rank", "adapter.rank", rank)
    add("--sites", "tuning.sites", sites)
    return flags + lengthFlags
  }

  /// `--epochs` and `--steps` as recipe keys.
  var lengthFlags: [RecipeOverride] {
    [("--epochs", "training.epochs", epochs), ("--steps", "training.steps", steps)].compactMap {
      flag, key, value in value.map { RecipeOverride(flag: flag, key: key, value: $0) }
    }
  }

  private static func defaultFolder(_ task: String) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd-HHmmss"
    return "runs/\(formatter.string(from: Date()))-\(task)"
  }
}
