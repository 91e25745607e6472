import AdapterFiles
import Adapters
import Backbones
import CommandSupport
import Foundation
import Gradients
import Layers
import Recipes
import Reports
import Storage
import Tasks
import Tensors
import Training

/// One call of `vision-export` at work.
struct ExportJob {
  let flags: Export
  let session: CommandSession
  let log: RunLog
  let seed: Int

  /// Reads the settings and starts the threads.
  init(_ flags: Export, session: CommandSession) throws {
    self.flags = flags
    self.session = session
    log = try RunLog(file: nil, console: session.console)
    let recipe = try flags.common.resolvedRecipe(GeneralRecipe.self)
    for sentence in flags.common.ignored(by: recipe, of: "an export") { log.warning(sentence) }
    seed = recipe.seed
    Compute.configure(
      threads: recipe.threads > 0 ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Opens the model, writes it, and compares.
  func run() throws -> any Encodable {
    guard !FileManager.default.fileExists(atPath: flags.output) else {
      throw CommandFailure(
        .cannotWrite, "\(flags.output) exists; give --output a path that does not.")
    }
    let source = try ExportSource(flags.model, extent: flags.extent, seed: seed)
    log.notice(
      "\(flags.model): \(source.name), \(source.network.parameterCount()) parameters, "
        + "pictures of \(source.extent.height)x\(source.extent.width)")
    log.tell(source.notice)
    if flags.format != .peft, let head = source.headLeftOut {
      log.warning(
        "the \(head) head that was trained is no part of the export: what is written gives the features "
          + "before it, which vision-evaluate compares with --feature backbone")
    }
    var answer = ExportAnswer(
      model: flags.model, format: flags.format.rawValue,
      parameters: source.network.parameterCount(), largestDifference: 0)
    if flags.format != .peft { try mergeAdapters(into: source, &answer) }
    switch flags.format {
    case .onnx: try writeGraph(source, &answer)
    case .safetensors: try writeFolder(source, &answer)
    case .peft: try writeAdapter(source, &answer)
    }
    if !flags.common.dryRun { answer.output = flags.output }
    return answer
  }

  private func mergeAdapters(
    into source: ExportSource, _ answer: inout ExportAnswer
  ) throws {
    guard !flags.adapter.isEmpty else { return }
    let adapters = try adapters(on: source, &answer)
    try lookForIntruders(in: adapters, &answer)
    let pictures = Variable(normalPictures(source.extent))
    let before = source.output(of: pictures, in: .inference()).value
    try adapters.merge()
    let after = source.output(of: pictures, in: .inference()).value
    let (difference, largest) = distance(before, after)
    answer.mergedDifference = difference
    log.notice(
      "merged \(flags.adapter.count) adapter(s) into the weights; largest difference from the unmerged "
        + "network \(difference), of values up to \(largest)")
    try requireNumbers(largest)
    guard difference <= 1e-3 * max(largest, 1) else {
      throw CommandFailure(
        .internalError,
        "The merged network differs from the unmerged one by \(difference), of values up to \(largest); "
          + "nothing was written. Use the adapter unmerged, and report the method.")
    }
  }

  /// The adapters on the network, softened where that is asked for.
  private func adapters(
    on source: ExportSource, _ answer: inout ExportAnswer
  ) throws -> ModelAdapters {
    let folders = AdapterFolders(
      flags.adapter, allowsPartial: flags.adapterFlags.allowPartial,
      allowsOtherBase: flags.adapterFlags.allowOtherBase)
    let adapters = try ModelAdapters(folders, on: source.network, of: source.origin)
    for note in adapters.notes { log.warning(note) }
    if let quality = flags.quality { adapters.fixQuality(quality) }
    if let factor = flags.soften {
      let before = try inspect(adapters)
      let changed = try adapters.soften(by: factor)
      answer.softened = changed
      let after = try inspect(adapters)
      log.notice(
        changed.isEmpty
          ? "softened nothing: no adapter of plain low-rank factors has an intruder dimension"
          : "softened \(changed.count) layers to \(factor): \(before) intruder dimensions before, "
            + "\(after) after; \(changed.joined(separator: ", "))")
    }
    return adapters
  }

  private func lookForIntruders(
    in adapters: ModelAdapters, _ answer: inout ExportAnswer
  ) throws {
    answer.intruderDimensions = try inspect(adapters, isShown: true)
  }

  /// The intruder dimensions of all adapters.
  private func inspect(_ adapters: ModelAdapters, isShown: Bool = false) throws -> Int {
    let progress = ProgressReporter(
      "Intruder dimensions", total: max(adapters.siteCount, 1), console: log.console)
    defer { progress.finish() }
    let found = try adapters.inspections { progress.advance(steps: 1, items: 1) }
    for inspection in found where isShown && !inspection.sites.isEmpty {
      log.notice(inspection.summary)
      log.detail(inspection.description)
    }
    return found.reduce(0) { $0 + $1.intruderCount }
  }

  /// Writes the adapter for PEFT, and reads it back onto the same network.
  private func writeAdapter(_ source: ExportSource, _ answer: inout ExportAnswer) throws {
    let adapters = try adapters(on: source, &answer)
    answer.parameters = adapters.parameterCount
    let pictures = Variable(randomPictures(source.extent))
    let own = source.output(of: pictures, in: .inference()).value
    let folder = URL(fileURLWithPath: flags.output)
    guard !flags.common.dryRun else { return }
    try adapters.writePEFT(base: source.name, to: folder)
    let plain = try ExportSource(flags.model, extent: flags.extent, seed: seed)
    let written: ModelAdapters
    do {
      written = try ModelAdapters(
        AdapterFolders([flags.output]), on: plain.network, of: plain.origin)
    } catch {
      // Nobody should find a folder that this program itself cannot open.
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
    try withExtendedLifetime(written) {
      try compare(own, plain.output(of: pictures, in: .inference()).value, &answer)
    }
    let file = folder.appendingPathComponent(PEFTFolder.tensorsName)
    answer.bytes = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize
    if adapters.description != nil {
      log.notice("the task's head is no part of a PEFT folder; it stays in \(flags.adapter[0])")
    }
  }

  private func writeGraph(_ source: ExportSource, _ answer: inout ExportAnswer) throws {
    let extent = source.extent
    let preparation = source.preprocessing
    let model = try ONNXModel(
      parameters: source.network.parameters, height: extent.height, width: extent.width,
      normalization: flags.preprocessing ? (preparation.mean, preparation.deviation) : nil,
      metadata: [
        "architecture": source.name,
        "mean": preparation.mean.map { "\($0)" }.joined(separator: ","),
        "std": preparation.deviation.map { "\($0)" }.joined(separator: ","),
      ]
    ) { source.output(of: $0, in: $1) }
    answer.opset = ONNXModel.operatorSet
    answer.nodes = model.nodeCount
    answer.pictures = [extent.height, extent.width]
    var written = model
    if !flags.common.dryRun {
      let url = URL(fileURLWithPath: flags.output)
      try model.write(to: url)
      // What is compared is the file, not what was meant to be in it.
      written = try ONNXModel(contentsOf: url)
      answer.bytes = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize
    }
    // One picture: a number of them that the graph was not recorded with.
    let pictures = randomPictures(extent)
    let own = source.output(
      of: Variable(flags.preprocessing ? normalized(pictures, preparation) : pictures),
      in: .inference()
    ).value
    try compare(own, written.evaluated(on: pictures), &answer)
    if let samples = flags.samples, !flags.common.dryRun {
      let images = flags.preprocessing ? pictures : channelsFirst(pictures)
      let results = own.rank == 4 ? channelsFirst(own) : own
      try SafetensorsWriter.write(
        [
          ("images", images.shape, .float32(images.values)),
          ("results", results.shape, .float32(results.values)),
        ], to: URL(fileURLWithPath: samples))
    }
    log.notice(
      "\(answer.nodes ?? 0) nodes, operator set \(ONNXModel.operatorSet); input images "
        + (flags.preprocessing
          ? "[batch, \(extent.height), \(extent.width), 3] of bytes"
          : "[batch, 3, \(extent.height), \(extent.width)]"))
  }

  private func channelsFirst(_ maps: Tensor) -> Tensor {
    Variable(maps).permuted([0, 3, 1, 2]).value
  }

  private func writeFolder(_ source: ExportSource, _ answer: inout ExportAnswer) throws {
    guard !flags.common.dryRun else { return }
    try source.write(to: URL(fileURLWithPath: flags.output), asHalves: flags.half)
    let written = try ExportSource(flags.output, extent: nil, seed: seed)
    let pictures = Variable(randomPictures(source.extent))
    try compare(
      source.output(of: pictures, in: .inference()).value,
      written.output(of: pictures, in: .inference()).value, &answer)
    let file = URL(fileURLWithPath: flags.output)
      .appendingPathComponent(ModelConfiguration.weightsName)
    answer.bytes = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize
  }

  private func compare(_ own: Tensor, _ written: Tensor, _ answer: inout ExportAnswer) throws {
    let (difference, largest) = distance(own, written)
    try requireNumbers(largest)
    answer.largestDifference = difference
    answer.largestValue = largest
    log.notice(
      "largest difference \(difference), of values up to \(largest): "
        + "\(flags.format.rawValue) against the network")
    // Halves round every weight to three digits.
    let limit = flags.half ? 0.05 : 1e-3
    guard difference <= limit * max(largest, 1) else {
      throw CommandFailure(
        .internalError,
        "What was written to \(flags.output) differs from the network by \(difference), of values "
          + "up to \(largest); do not use it, and report the backbone.")
    }
  }

  /// The largest difference of two outputs, and the largest value of the first.
  private func distance(
    _ own: Tensor, _ other: Tensor
  ) -> (difference: Double, largest: Double) {
    (own.largestDifference(from: other), own.largestMagnitude)
  }

  /// What gives no numbers is near nothing, whatever was written.
  private func requireNumbers(_ largest: Double) throws {
    guard largest.isFinite else {
      throw CommandFailure(
        .badData,
        "\(flags.model) gives values that are no finite numbers on random pictures, so nothing that is "
          + "written of it can be checked: its weights are damaged, or its training diverged.")
    }
  }

  /// Random pictures as the network takes them.
  private func normalPictures(_ extent: Extent) -> Tensor {
    var random = RandomStream(seed: UInt64(seed)).split("merge")
    return random.uniform(shape: [1, extent.height, extent.width, 3], bound: 1)
  }

  private func randomPictures(_ extent: Extent) -> Tensor {
    var random = RandomStream(seed: UInt64(seed)).split("export")
    let shape = [1, extent.height, extent.width, 3]
    guard flags.preprocessing else { return random.uniform(shape: shape, bound: 1) }
    return Tensor(
      random.uniform(shape: shape, bound: 127.5).values.map { ($0 + 127.5).rounded(.down) },
      shape: shape)
  }

  private func normalized(_ pictures: Tensor, _ preparation: Preprocessing) -> Tensor {
    let values = pictures.values.enumerated().map { index, byte in
      (byte / 255 - preparation.mean[index % 3]) / preparation.deviation[index % 3]
    }
    return Tensor(values, shape: pictures.shape)
  }
}
