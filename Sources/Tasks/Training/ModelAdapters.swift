import AdapterFiles
public import Adapters
public import Foundation
public import Layers
public import Quality
public import Tensors

/// The adapters on an opened model: the one its folder needs, and others that are asked for.
///
/// They stay on the network's layers. An adapter that could be written into the weights is not put on a
/// second time.
public struct ModelAdapters {
  /// What the network is for by the last folder that says it: an adapter's, else the model's own.
  public let description: TaskDescription?
  /// The folder of that description, where the task's head is.
  public let headFolder: URL
  /// How an adapter wants the quality of pictures measured; nil where none asks.
  public let quality: (any QualityMetric)?
  /// What was left out of the folders, in a sentence each.
  public let notes: [String]
  private let attached: [NetworkAdapter]
  private let adapted: AdaptedNetwork

  /// Puts adapters of our own form or of the PEFT library's on a network; several are added up.
  ///
  /// - Parameters:
  ///   - folders: folders of adapters, beside the one that the model needs.
  ///   - network: the network they are put on.
  ///   - origin: the model's folder, or `random:NAME`.
  /// - Throws: `AdapterFileError` where a folder is no adapter or one for another network, `QualityError`
  ///   for a measure of quality that is not known here.
  public init(_ folders: AdapterFolders, on network: any Module, of origin: String) throws {
    var headFolder = URL(fileURLWithPath: origin)
    var description = try TaskDescription(folder: headFolder)
    var all = folders.paths.map { URL(fileURLWithPath: $0) }
    if description?.needsAdapter == true {
      all.insert(headFolder.appendingPathComponent(TaskAdapter.folderName), at: 0)
    }
    var attached: [NetworkAdapter] = []
    var quality: (any QualityMetric)?
    var notes: [String] = []
    let adapted = AdaptedNetwork(network)
    // Every adapter is checked against the same base: those before it are not in the weights.
    for (index, folder) in all.enumerated() {
      let name = "adapter\(index + 1)"
      let own = folder.appendingPathComponent(AdapterFolder.descriptionName)
      if FileManager.default.fileExists(atPath: own.path) {
        attached.append(
          try AdapterFolder.read(
            folder, into: adapted, named: name, allowsOtherBase: folders.allowsOtherBase))
        if let name = try AdapterFolder.facts(of: folder)[TaskAdapter.qualityFact] {
          let metric = try QualityCatalog.metric(named: name, folder: folder)
          guard quality == nil || quality?.name == metric.name else {
            throw TaskError.unusableModel(
              path: folder.path,
              reason: "its adapter measures quality by \"\(metric.name)\", another one by "
                + "\"\(quality?.name ?? "")\"; put them on one at a time")
          }
          quality = metric
        }
      } else {
        attached.append(
          try PEFTFolder.read(
            folder, into: adapted, named: name, allowsPartial: folders.allowsPartial,
            allowsOtherBase: folders.allowsOtherBase
          ) { names in
            notes.append(
              "\(folder.path): \(names.count) layers or tensors were left out: "
                + names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : ""))
          })
        if !PEFTFolder.namesBase(folder) {
          notes.append(
            "\(folder.path) does not say for which weights it was made; on others of equal shapes it "
              + "gives other results.")
        }
      }
      if let found = try TaskDescription(folder: folder) {
        description = found
        headFolder = folder
      }
    }
    self.description = description
    self.headFolder = headFolder
    self.quality = quality
    self.notes = notes
    self.attached = attached
    self.adapted = adapted
  }

  /// Writes the adapters' changes into the weights for good.
  ///
  /// - Throws: `AdapterError` where what an adapter changes depends on the picture.
  public func merge() throws(AdapterError) { try adapted.merge(keepingBase: false) }

  /// Sites of all adapters together.
  public var siteCount: Int { attached.reduce(0) { $0 + $1.attached.count } }

  /// What each adapter would do to the weights.
  ///
  /// - Parameter advance: called after each site; what it throws ends the inspection.
  public func inspections(advance: () throws -> Void) throws -> [AdapterInspection] {
    try attached.map { adapter in
      try adapted.inspect(adapter.name) { done, _ in if done > 0 { try advance() } }
    }
  }

  /// Makes the intruder dimensions of adapters of plain low-rank factors weaker.
  ///
  /// - Parameter factor: what is left of each one's strength, 0…1.
  /// - Returns: paths of the layers that changed.
  public func soften(by factor: Float) throws(AdapterError) -> [String] {
    var changed: [String] = []
    for adapter in attached { changed += try adapted.soften(adapter.name, factor: factor) }
    return changed
  }

  /// All numbers of the adapters, with their paths in the network, adapter by adapter.
  public var values: [(path: String, value: Tensor)] {
    attached.flatMap { adapter in
      adapter.parameters.map { (path: $0.path, value: $0.parameter.value) }
        + adapter.buffers.map { (path: $0.path, value: $0.buffer.value) }
    }
  }

  /// Numbers in the adapters' parameters.
  public var parameterCount: Int {
    attached.reduce(0) { sum, adapter in
      sum + adapter.parameters.reduce(0) { $0 + $1.parameter.value.count }
    }
  }

  /// The network merged at a few blends of its gated adapter, in place of one blend for each picture.
  ///
  /// - Parameter count: the number of blends.
  /// - Throws: `AdapterError` where no adapter blends, or several are on.
  public func bucketed(_ count: Int) throws(AdapterError) -> BucketedMerge {
    let gated = attached.first { $0.plan.method is PETALface } ?? attached.first
    return try BucketedMerge(adapted, adapter: gated?.name ?? "default", count: count)
  }

  /// Writes the one adapter as a folder of Hugging Face PEFT.
  ///
  /// - Parameter base: what the description names as the base model, for people.
  /// - Throws: `AdapterFileError.notExpressible` where PEFT has no form for it.
  public func writePEFT(base: String, to folder: URL) throws {
    precondition(attached.count == 1, "ModelAdapters: \(attached.count) adapters for one folder")
    try PEFTFolder.write(attached[0], of: adapted, base: base, to: folder)
  }

  /// Gives all pictures the blend of one quality, so that gated adapters can be merged.
  public func fixQuality(_ quality: Float) {
    for adapter in attached {
      guard let method = adapter.plan.method as? PETALface else { continue }
      adapter.fixGate(method.gate(ofQuality: quality))
    }
  }
}
