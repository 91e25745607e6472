import AdapterFiles
public import Adapters
public import Foundation
public import Layers
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
  /// Whether an adapter was trained with the qualities of its pictures.
  public let measuresQuality: Bool
  private let attached: [NetworkAdapter]
  private let adapted: AdaptedNetwork

  /// Puts adapters of our own form or of the PEFT library's on a network; several are added up.
  ///
  /// - Parameters:
  ///   - folders: folders of adapters, beside the one that the model needs.
  ///   - network: the network they are put on.
  ///   - origin: the model's folder, or `random:NAME`.
  /// - Throws: `AdapterFileError` where a folder is no adapter or one for another network,
  ///   ``TaskError/unusableModel(path:reason:)`` for a measure of quality that is not known here.
  public init(_ folders: [String], on network: any Module, of origin: String) throws {
    var headFolder = URL(fileURLWithPath: origin)
    var description = try TaskDescription(folder: headFolder)
    var all = folders.map { URL(fileURLWithPath: $0) }
    if description?.needsAdapter == true {
      all.insert(headFolder.appendingPathComponent(TaskAdapter.folderName), at: 0)
    }
    var attached: [NetworkAdapter] = []
    var measuresQuality = false
    let adapted = AdaptedNetwork(network)
    for (index, folder) in all.enumerated() {
      let name = "adapter\(index + 1)"
      let own = folder.appendingPathComponent(AdapterFolder.descriptionName)
      if FileManager.default.fileExists(atPath: own.path) {
        attached.append(
          try AdapterFolder.read(folder, into: adapted, named: name, allowsOtherBase: index > 0))
        if try Self.asksForQuality(folder) { measuresQuality = true }
      } else {
        attached.append(try PEFTFolder.read(folder, into: adapted, named: name))
      }
      if let found = try TaskDescription(folder: folder) {
        description = found
        headFolder = folder
      }
    }
    self.description = description
    self.headFolder = headFolder
    self.measuresQuality = measuresQuality
    self.attached = attached
    self.adapted = adapted
  }

  /// Writes the adapters' changes into the weights for good.
  ///
  /// - Throws: `AdapterError` where what an adapter changes depends on the picture.
  public func merge() throws(AdapterError) { try adapted.merge(keepingBase: false) }

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

  private static func asksForQuality(_ folder: URL) throws -> Bool {
    guard let name = try AdapterFolder.facts(of: folder)[TaskAdapter.qualityFact] else {
      return false
    }
    guard name == PictureDetail.name else {
      throw TaskError.unusableModel(
        path: folder.path,
        reason: "its adapter wants the quality of pictures by \"\(name)\", which is not known "
          + "here; known is \"\(PictureDetail.name)\"; train it again with this version")
    }
    return true
  }
}
