import ArgumentParser
import Backbones
import CommandSupport
import Datasets
import Foundation
import Frames
import Matching
import Persons
import Pretraining
import Recipes
import Reports
import Storage
import Training

/// Footage in, a trained encoder and a report out.
struct Pretrain: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-pretrain",
    abstract: "Turn raw footage into an encoder, without labels.",
    discussion: """
      Finds persons in the videos, mines pairs of crops that show the same person, and trains a \
      network on them (ISR-style pairs, SimMIM masked patches, or both). Videos from a fixed camera \
      need nothing else; for others put boxes beside the video (MOTChallenge text, NAME.txt) or name \
      them with --detections. Footage that is not about persons: --whole-frame.

      Example: vision-pretrain videos/ --output runs/first
      Resume:  vision-pretrain --resume runs/first
      Extend:  vision-pretrain --resume runs/first --steps 5000

      The run folder holds the model (best/), the checkpoint (last/), the crops, pairs.csv, \
      metrics.csv, pictures and report.html.
      """)
  static let savesWhenInterrupted = true

  @Argument(
    help: ArgumentHelp(
      "Video files, folders searched recursively, or folders of numbered frames.",
      valueName: "video"))
  var videos: [String] = []

  @Option(help: ArgumentHelp("Run folder to make. (default: runs/DATE-pretrain)", valueName: "run"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "What is learned: simmim, isr or both. (default: the recipe's; tiny: isr)",
      valueName: "simmim|isr|both"))
  var objective: String?

  @Option(
    help: ArgumentHelp(
      "Network to train, see --list-backbones; a transformer on the recipe tiny learns from pairs by the "
        + "settings of small, unless they are given. (default: the recipe's; tiny: convnet_small)",
      valueName: "name"))
  var backbone: String?

  @Option(
    help: ArgumentHelp(
      "MOTChallenge boxes: a file for one video, or a folder with one per video. (default: NAME.txt "
        + "beside each video, else the built-in detector for fixed cameras)", valueName: "path"))
  var detections: String?

  @Flag(help: "Learn from whole frames, without looking for persons; SimMIM only. (default: off)")
  var wholeFrame = false

  @Option(
    help: ArgumentHelp(
      "Passes over the crops in each stage; with --resume the new length. (default: the recipe's)"))
  var epochs: Int?

  @Option(
    help: ArgumentHelp(
      "Optimizer steps of each stage; with --resume the new length of the stages that are not done. "
        + "(default: the recipe's; tiny: 2500)"))
  var steps: Int?

  @Option(
    help: ArgumentHelp(
      "How much a matched pair counts: p, none, dustbin or cycas. (default: the recipe's; tiny: p)",
      valueName: "name"))
  var reliability: String?

  @Option(
    help: ArgumentHelp(
      "How crops of two frames are paired: hungarian, argmax or mutual. (default: the recipe's; tiny: "
        + "hungarian)", valueName: "name"))
  var matcher: String?

  @Option(
    help: ArgumentHelp(
      "What matching looks at: clean crops, or train, the varied ones. (default: the recipe's; tiny: "
        + "clean)", valueName: "clean|train"))
  var matchView: String?

  @Option(
    help: ArgumentHelp(
      "Match by an average of the weights with this decay, such as 0.99; 0: by the weights themselves. "
        + "(default: the recipe's; tiny: 0)", valueName: "decay"))
  var matchTeacher: Double?

  @Option(
    help: ArgumentHelp(
      "Embeddings of earlier steps that are kept as further negatives. (default: the recipe's; tiny: 0)",
      valueName: "n"))
  var negativeQueue: Int?

  @Flag(help: "Print every backbone with its parameters and GMAC, and end. (default: off)")
  var listBackbones = false

  @OptionGroup(title: "Common flags") var common: CommonFlags

  func validate() throws {
    if listBackbones { return }
    if common.resume == nil, videos.isEmpty {
      throw ValidationError(
        "Name at least one video or folder, for example: vision-pretrain videos/")
    }
    if epochs != nil, steps != nil {
      throw ValidationError("--epochs and --steps exclude each other.")
    }
    for (flag, value) in [("--epochs", epochs), ("--steps", steps)] {
      guard let value, value < 1 else { continue }
      throw ValidationError("\(flag) takes a whole number of at least 1.")
    }
    if wholeFrame, detections != nil {
      throw ValidationError("--whole-frame looks at no boxes; leave --detections out.")
    }
    if wholeFrame, let objective, objective != "simmim" {
      throw ValidationError("--whole-frame has no persons to pair; use --objective simmim.")
    }
    guard common.resume != nil else { return }
    for (flag, isGiven) in [
      ("the videos", !videos.isEmpty), ("--output", output != nil),
      ("--objective", objective != nil), ("--backbone", backbone != nil),
      ("--detections", detections != nil), ("--whole-frame", wholeFrame),
      ("--reliability", reliability != nil), ("--matcher", matcher != nil),
      ("--match-view", matchView != nil), ("--match-teacher", matchTeacher != nil),
      ("--negative-queue", negativeQueue != nil),
    ] where isGiven {
      throw ValidationError(
        "--resume takes everything but the length from the run folder; leave \(flag) out.")
    }
  }

  func perform(in session: CommandSession) throws -> any Encodable {
    if listBackbones { return try BackboneList(printingTo: session.console) }
    let job: PretrainJob
    if let resume = common.resume {
      job = try PretrainJob.resuming(
        resume, threads: try common.requestedThreads(), lengths: lengthFlags)
    } else {
      job = PretrainJob(
        inputs: .init(
          videos: videos.map { URL(fileURLWithPath: $0).path },
          detections: detections.map { URL(fileURLWithPath: $0).path }),
        recipe: try common.resolvedRecipe(flags: recipeFlags),
        folder: URL(fileURLWithPath: output ?? Self.defaultFolder()), isResumed: false)
    }
    job.startThreads()
    if common.dryRun {
      return try DryRun(job: job, interruption: session.interruption).run(console: session.console)
    }
    return try PretrainRun(job: job, session: session).run()
  }

  /// The command's own flags as recipe keys.
  private var recipeFlags: [RecipeOverride] {
    var flags: [RecipeOverride] = []
    if let backbone {
      flags.append(RecipeOverride(flag: "--backbone", key: "model.backbone", value: backbone))
    }
    if wholeFrame {
      flags.append(
        RecipeOverride(flag: "--whole-frame", key: "extraction.detector", value: "wholeFrame"))
    }
    // An objective by --set is kept, so that one that needs persons is refused.
    let isSet = common.overrides.contains { $0.hasPrefix("schedule.objective=") }
    if let objective = objective ?? (wholeFrame && !isSet ? "simmim" : nil) {
      flags.append(RecipeOverride(flag: "--objective", key: "schedule.objective", value: objective))
    }
    for (flag, key, value) in [
      ("--reliability", "isr.reliability", reliability), ("--matcher", "isr.matcher", matcher),
      ("--match-view", "isr.matchView", matchView),
      ("--match-teacher", "isr.matchTeacher", matchTeacher.map { "\($0)" }),
      ("--negative-queue", "isr.negativeQueue", negativeQueue.map { "\($0)" }),
    ] {
      if let value { flags.append(RecipeOverride(flag: flag, key: key, value: value)) }
    }
    return flags + lengthFlags
  }

  /// `--epochs` and `--steps` as recipe keys of both stages.
  private var lengthFlags: [RecipeOverride] {
    [("--epochs", "epochs", epochs), ("--steps", "steps", steps)].flatMap { flag, key, value in
      value.map { value in
        ["simmim", "isr"].map {
          RecipeOverride(flag: flag, key: "\($0).\(key)", value: value)
        }
      } ?? []
    }
  }

  private static func defaultFolder() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd-HHmmss"
    return "runs/\(formatter.string(from: Date()))-pretrain"
  }

  static func failure(for error: any Error) -> CommandFailure? {
    switch error {
    case let error as VideoError:
      switch error {
      case .notFound, .unreadable: CommandFailure(.missingInput, error.description)
      case .unwritable: CommandFailure(.cannotWrite, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as DetectionError: CommandFailure(.missingInput, error.description)
    case let error as ExtractionError:
      switch error {
      case .footageGone: CommandFailure(.missingInput, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as MatchingError: CommandFailure(.badData, error.description)
    // The network is the recipe's, so what does not suit it is asked for there.
    case ModelReferenceError.backbone(let error): CommandFailure(.usage, error.description)
    case let error as PretrainingError:
      switch error {
      case .unsuitable, .tooShort: CommandFailure(.usage, error.description)
      default: CommandFailure(.badData, error.description)
      }
    default: nil
    }
  }
}
