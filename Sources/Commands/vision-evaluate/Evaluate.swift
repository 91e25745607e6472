import ArgumentParser
import CommandSupport
import Evaluation
import Metrics
import Tasks

/// `vision-evaluate`: scores models on labelled folders, and writes features.
struct Evaluate: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-evaluate",
    abstract: "Score models at finding persons or faces or at restoring, or write their features.",
    discussion: """
      Examples:
        vision-evaluate runs/walk --task reid --data market --output eval
        vision-evaluate baseline:histogram-lda runs/walk --task reid --data market
        vision-evaluate runs/walk --task reid --query q --gallery g --json
        vision-evaluate runs/faces --task face --data faces --resolutions 32,16
        vision-evaluate runs/denoise --task restoration --data clean --degradation noise25
        vision-evaluate runs/walk --data photographs --features out.safetensors

      A data folder holds query/ and gallery/ (or bounding_box_test/) with one sub-folder per \
      person or file names such as 0001_c1s1_000151_01.jpg, or one sub-folder per person alone. \
      Faces are scored on one sub-folder per person, .bin files, pairs.txt, TinyFace, SurvFace and the \
      lists of IJB; landmarks.csv tells the five points of each picture. \
      The table and all notices go to standard error, the --json object to standard output. \
      A recipe holds seed, threads and the group scoring (--set scoring.rerank=true); keys of a training \
      are passed over, and --resume has nothing to continue.
      """)

  @Argument(
    help: ArgumentHelp(
      "Run folder (its best model), model folder, random:BACKBONE, or a yardstick: "
        + "baseline:histogram, baseline:pixels, with -lda behind it linear discriminants fitted on the "
        + "training split; for restoration baseline:identity, median, nlm or unsharp. Several are "
        + "compared in one table, and each with the first one pair by pair.", valueName: "model"))
  var models: [String]

  @Option(
    help: ArgumentHelp(
      "What to score: \(Self.taskNames). (default: score nothing, only write --features)",
      valueName: "task"))
  var task: String?

  @Option(
    help: ArgumentHelp(
      "Folder of labelled pictures; without --task any folder of pictures. (default: none)",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Folder of query pictures, in place of the one in --data. (default: none)", valueName: "dir"))
  var query: String?

  @Option(
    help: ArgumentHelp(
      "Folder of gallery pictures, in place of the one in --data. (default: none)",
      valueName: "dir"))
  var gallery: String?

  @Option(
    name: .customLong("protocol"),
    help: ArgumentHelp(
      "cross-camera (the benchmark rule), camera-centred (each camera's mean feature removed "
        + "first), or no-camera. For faces: insightface (features of picture and mirror image added), "
        + "petalface (both brought to length 1 first), or no-flip. (default: cross-camera where every "
        + "picture has a camera, else no-camera; insightface)", valueName: "name"))
  var rule: String?

  @Option(
    help: ArgumentHelp(
      "Output to compare: task (what a fine-tuned model searches by), backbone (pooled features), "
        + "embedding (the head of a pretraining run), or automatic (task where there is one, else "
        + "backbone). (default: automatic)", valueName: "name"))
  var feature: FeatureChoice?

  @Option(
    help: ArgumentHelp(
      "Compare the first n numbers of each vector; a model with a nested head was trained for it. "
        + "(default: all)", valueName: "n"))
  var length: Int?

  @Flag(help: "Average over mirror images; restoration: over all eight turns. (default: off)")
  var flip = false

  @Flag(help: "Re-rank by k-reciprocal neighbours. (default: off)")
  var rerank = false

  @Option(
    name: .customLong("rerank-k1"),
    help: ArgumentHelp("Neighbourhood size of --rerank. (default: 20)", valueName: "n"))
  var firstNeighbours: Int?

  @Option(
    name: .customLong("rerank-k2"),
    help: ArgumentHelp("Neighbours averaged by --rerank. (default: 6)", valueName: "n"))
  var secondNeighbours: Int?

  @Option(
    name: .customLong("rerank-lambda"),
    help: ArgumentHelp(
      "Weight of the plain distance in --rerank, 0 to 1. (default: 0.3)", valueName: "w"))
  var plainWeight: Double?

  @Option(
    help: ArgumentHelp(
      "Replace every feature by a weighted mean of its n nearest, itself included; fast-reid takes 5. "
        + "(default: off)", valueName: "n"))
  var expand: Int?

  @Option(
    name: .customLong("expand-alpha"),
    help: ArgumentHelp(
      "Weights of --expand are cosines to this power; 0 is the plain mean. (default: 3)",
      valueName: "a"))
  var expansionPower: Double?

  @Option(
    help: ArgumentHelp(
      "Write the features of all pictures to a safetensors file, query then gallery. "
        + "(default: none)", valueName: "file"))
  var features: String?

  @Option(
    help: ArgumentHelp(
      "Write results.json, table.md, queries.csv, pictures and report.html into this folder. "
        + "(default: none)", valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Rows that face probes are reduced to for further lines of the table, such as 64,32,16,12. "
        + "(default: none)", valueName: "rows"))
  var resolutions: String?

  @Option(
    help: ArgumentHelp(
      "Make one vector of all gallery pictures of a person, or of all pictures of a template: sum (by the "
        + "length of the vectors), mean (all alike) or squared (by the length squared). (default: each "
        + "picture by itself; templates by media and detector's score)", valueName: "name"))
  var pooling: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Folder of an adapter to put on the network; may be repeated. (default: the model's own)",
      valueName: "dir"))
  var adapter: [String] = []

  @Option(
    help: ArgumentHelp(
      "Merge an adapter that blends by the quality of faces (petalface) at this many blends, and send "
        + "each picture through the nearest: faster, and nearly the same. (default: a blend for each "
        + "picture)", valueName: "n"))
  var qualityBuckets: Int?

  @Option(
    help: ArgumentHelp(
      "How clean pictures are spoiled before restoring them, such as noise25, jpeg10, sr4, blur2 or "
        + "mixed; paired for pairs of files. (default: what the model was trained against)",
      valueName: "name"))
  var degradation: String?

  @Option(
    help: ArgumentHelp(
      "Side of a tile when restoring large pictures; 0 for whole. (default: the model's)",
      valueName: "n"))
  var tile: Int?

  @Option(
    help: ArgumentHelp(
      "Pixels left out on each side when restored pictures are compared; papers on enlarging take the "
        + "factor.", valueName: "n"))
  var border = 0

  @OptionGroup(title: "Adapters") var adapterFlags: AdapterFlags

  @OptionGroup(title: "Common flags") var common: CommonFlags

  /// The adapters to put on every network.
  var adapterFolders: AdapterFolders {
    AdapterFolders(
      adapter, allowsPartial: adapterFlags.allowPartial,
      allowsOtherBase: adapterFlags.allowOtherBase)
  }

  func perform(in session: CommandSession) throws -> any Encodable {
    let job = try EvaluateJob(self, session: session)
    switch task {
    case nil: return try job.writeFeatures()
    case "face": return try job.scoreFaces()
    case "restoration": return try job.scoreRestoration()
    default: return try job.score()
    }
  }

  func validate() throws {
    try adapterFlags.requireAdapter(!adapter.isEmpty)
    guard task == nil || TaskDescription.Task(rawValue: task ?? "") != nil else {
      throw ValidationError("--task takes \(Self.taskNames), not “\(task ?? "")”.")
    }
    if task == "restoration" {
      guard data != nil, query == nil, gallery == nil, features == nil, !rerank, rule == nil,
        expand == nil
      else {
        throw ValidationError(
          "--task restoration takes --data DIR, and no --query, --gallery, --features, --rerank, "
            + "--expand or --protocol.")
      }
      guard length == nil else { throw ValidationError("--length belongs to persons and faces.") }
      try validateRestoration()
    } else if degradation != nil || tile != nil || border != 0 {
      throw ValidationError("--degradation, --tile and --border belong to --task restoration.")
    }
    for (index, model) in models.enumerated() where models[..<index].contains(model) {
      throw ValidationError("The model “\(model)” is given twice.")
    }
    if data == nil, query == nil || gallery == nil {
      throw ValidationError("Give the pictures: --data DIR, or both --query DIR and --gallery DIR.")
    }
    guard length ?? 1 > 0 else {
      throw ValidationError("--length takes a whole number above 0.")
    }
    if task == "face" { return try validateFaces() }
    guard qualityBuckets == nil else {
      throw ValidationError("--quality-buckets belongs to faces; add --task face or leave it out.")
    }
    guard pooling == nil else {
      throw ValidationError("--pooling belongs to faces; add --task face or leave it out.")
    }
    guard resolutions == nil else {
      throw ValidationError("--resolutions belongs to faces; add --task face or leave it out.")
    }
    if rule != nil, retrievalProtocol == nil {
      let known = RetrievalProtocol.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--protocol takes one of \(known), not “\(rule ?? "")”.")
    }
    guard expand ?? 1 > 0, expansionPower ?? 0 >= 0, (expansionPower ?? 0).isFinite else {
      throw ValidationError(
        "--expand takes a whole number above 0, --expand-alpha one of 0 or more.")
    }
    guard expand != nil || expansionPower == nil else {
      throw ValidationError("--expand-alpha needs --expand.")
    }
    try validateFeatures()
    try validateReranking()
  }

  private func validateRestoration() throws {
    if let tile, tile != 0, tile < 16 {
      throw ValidationError("--tile takes 0 or a whole number of at least 16.")
    }
    guard (0...1024).contains(border) else {
      throw ValidationError("--border takes a whole number from 0 to 1024.")
    }
  }

  /// The protocol asked for, or nil to choose by the data.
  var retrievalProtocol: RetrievalProtocol? { rule.flatMap(RetrievalProtocol.init(rawValue:)) }

  /// The numbers of re-ranking, or nil without it.
  var reranking: KReciprocalReranking.Configuration? {
    rerank
      ? .init(
        k1: firstNeighbours ?? 20, k2: secondNeighbours ?? 6, lambda: plainWeight ?? 0.3) : nil
  }

  /// The numbers of query expansion, or nil without it.
  var expansion: QueryExpansion? {
    expand.map { QueryExpansion(neighbours: $0, alpha: expansionPower ?? 3) }
  }

  private static let taskNames = "reid, face or restoration"

  private func validateFeatures() throws {
    if features != nil, models.count > 1 {
      throw ValidationError("--features holds the features of one model; give a single one.")
    }
    guard task == nil else { return }
    guard features != nil else {
      throw ValidationError(
        "Say what to do: --task \(Self.taskNames) to score, or --features FILE to write features.")
    }
    for (flag, isGiven) in [
      ("--protocol", rule != nil), ("--rerank", rerank), ("--output", output != nil),
      ("--expand", expand != nil),
    ] where isGiven {
      throw ValidationError("\(flag) belongs to scoring; add --task or leave it out.")
    }
  }

  private func validateReranking() throws {
    guard firstNeighbours ?? 1 > 0, secondNeighbours ?? 1 > 0,
      (0...1).contains(plainWeight ?? 0)
    else {
      throw ValidationError(
        "--rerank-k1 and --rerank-k2 take whole numbers above 0, --rerank-lambda a number from "
          + "0 to 1.")
    }
    let isGiven = firstNeighbours != nil || secondNeighbours != nil || plainWeight != nil
    guard rerank || !isGiven else {
      throw ValidationError("--rerank-k1, --rerank-k2 and --rerank-lambda need --rerank.")
    }
  }
}
