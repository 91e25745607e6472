import AdapterFiles
import ArgumentParser
import CommandSupport
import Datasets
import Foundation
import Images
import Recipes
import Reports
import Tasks
import Tensors
import Training

/// Pictures in, restored pictures out.
struct Restore: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-restore",
    abstract: "Restore pictures with a model of vision-finetune --task restoration.",
    discussion: """
      Example: vision-restore runs/denoise noisy/ clean/

      A folder keeps its sub-folders; results are PNG files of the same names. Large pictures are \
      restored in overlapping tiles. Networks that enlarge, such as swinir_x2, give larger pictures.
      """)

  @Argument(help: ArgumentHelp("Run folder or model folder.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("Picture, or folder of pictures.", valueName: "input"))
  var input: String

  @Argument(
    help: ArgumentHelp(
      "Folder for the restored pictures, or a PNG or JPEG file.", valueName: "output"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Side of a tile in pixels; 0 restores each picture whole. (default: the model's)",
      valueName: "n"))
  var tile: Int?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Adapter folder to put on the model; may be repeated. (default: the model's own)",
      valueName: "dir"))
  var adapter: [String] = []

  @Flag(help: "Mean over the eight ways to lay a picture, at eight times the cost. (default: off)")
  var flip = false

  @OptionGroup(title: "Adapters") var adapterFlags: AdapterFlags

  @OptionGroup(title: "Common flags") var common: CommonFlags

  private struct Result: Encodable {
    let pictures: Int
    let skipped: Int
    let output: String
    let seconds: Double
    var loadSeconds: Double?
    var imagesPerSecond: Double?
    var peakMemoryMiB: Double?
  }

  private var adapterFolders: AdapterFolders {
    AdapterFolders(
      adapter, allowsPartial: adapterFlags.allowPartial,
      allowsOtherBase: adapterFlags.allowOtherBase)
  }

  func validate() throws {
    try adapterFlags.requireAdapter(!adapter.isEmpty)
    if let tile, tile != 0, tile < 16 {
      throw ValidationError("--tile takes 0 or a whole number of at least 16.")
    }
  }

  func perform(in session: CommandSession) throws -> any Encodable {
    let recipe = try common.resolvedRecipe(GeneralRecipe.self)
    Compute.configure(
      threads: recipe.threads > 0 ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount)
    let log = try RunLog(file: nil, console: session.console)
    for sentence in common.ignored(by: recipe, of: "restoring") { log.warning(sentence) }
    let opening = ContinuousClock.now
    let model = try RestorationModel.load(model, seed: recipe.seed, adapters: adapterFolders)
    let loadSeconds = (ContinuousClock.now - opening) / .seconds(1)
    log.tell(model.notice)
    for note in model.adapterNotes { log.warning(note) }
    let side = tile ?? model.shape?.tile ?? 0
    let way = TiledRestoration(
      side: side, overlap: side > 0 ? min(model.shape?.overlap ?? 32, side / 2) : 0,
      averagesTurns: flip)
    let jobs = try pairs()
    log.notice(
      "\(model.name): \(jobs.count) \(jobs.count == 1 ? "picture" : "pictures")"
        + (side > 0 ? ", tiles of \(side) pixels" : ""))
    if common.dryRun {
      log.notice("Dry run: nothing was written.")
      return Result(pictures: jobs.count, skipped: 0, output: output, seconds: 0)
    }
    let start = ContinuousClock.now
    let progress = ProgressReporter("Restoring", total: jobs.count, console: session.console)
    var skipped = 0
    for (source, target) in jobs {
      defer { progress.advance(items: 1) }
      let image: Image
      do throws(ImageError) {
        image = try Image(contentsOf: source)
      } catch {
        log.warning("Skipped \(source.path): \(error.description)")
        skipped += 1
        continue
      }
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try way.restored(image, by: model.backbone).write(to: target)
    }
    progress.finish()
    guard skipped < jobs.count else {
      throw CommandFailure(.badData, "None of the \(jobs.count) pictures can be decoded.")
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return Result(
      pictures: jobs.count - skipped, skipped: skipped, output: output, seconds: seconds,
      loadSeconds: loadSeconds, imagesPerSecond: Double(jobs.count - skipped) / seconds,
      peakMemoryMiB: Double(Compute.peakResidentBytes) / 1_048_576)
  }

  /// Every picture with the file it becomes.
  private func pairs() throws -> [(URL, URL)] {
    let (source, target) = (URL(fileURLWithPath: input), URL(fileURLWithPath: output))
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source.path, isDirectory: &isFolder) else {
      throw DatasetError.missing(path: input)
    }
    guard isFolder.boolValue else {
      let isFile = ["png", "jpg", "jpeg"].contains(target.pathExtension.lowercased())
      let name = source.deletingPathExtension().lastPathComponent + ".png"
      return [(source, isFile ? target : target.appendingPathComponent(name))]
    }
    let found = try ImageFolder(root: source).paths.map { path in
      (path, inner: String(path.dropFirst(source.path.count).drop { $0 == "/" }))
    }
    func plain(_ inner: String) -> String { (inner as NSString).deletingPathExtension }
    // a.jpg and a.png in one folder must not end in the same file.
    let names = Dictionary(grouping: found) { plain($0.inner) }
    return found.map { path, inner in
      let name = names[plain(inner)]?.count == 1 ? plain(inner) : inner
      return (URL(fileURLWithPath: path), target.appendingPathComponent(name + ".png"))
    }
  }
}
