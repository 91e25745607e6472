import AdapterFiles
public import Adapters
import Foundation
public import Layers
public import Recipes
public import Tensors
import Training

/// The adapter that a task trains in place of the network's own weights.
public final class TaskAdapter {
  /// The network with its sites.
  public let adapted: AdaptedNetwork
  /// The adapter on it.
  public let adapter: NetworkAdapter
  let allocator: (any Allocator)?

  /// Puts the recipe's adapter on a network, whose own weights are frozen from then on.
  ///
  /// - Parameters:
  ///   - tuning: the recipe's keys.
  ///   - settings: further settings of the method by name, such as what was measured on the data.
  ///   - network: the network.
  ///   - random: where the adapter's numbers start.
  /// - Throws: `AdapterError` for a method, setting or site that does not exist.
  public init(
    _ tuning: TuningSettings, settings: [String: String] = [:], on network: any Module,
    random: RandomStream
  ) throws(AdapterError) {
    let type = try AdapterCatalog.type(named: tuning.method)
    var all = settings
    if AdapterCatalog.settings(of: type).contains("rank") { all["rank"] = String(tuning.rank) }
    let method = try AdapterCatalog.method(named: tuning.method, settings: all)
    adapted = AdaptedNetwork(network)
    adapter = try adapted.attach(
      AdapterPlan(
        method, sites: tuning.sites == "default" ? [] : SitePattern.list(tuning.sites)),
      random: random.split("adapter"))
    allocator = adapter.makeAllocator()
  }

  /// Name of the folder inside a model folder.
  public static let folderName = "adapter"
  /// Name of the fact that tells by which measure an adapter wants the quality of pictures.
  static let qualityFact = "quality"
  private static let stateName = "adapter-state.safetensors"
  private static let allocatorName = "adapter-ranks.safetensors"

  /// Trained parameters, their paths behind `adapter.`.
  public var parameters: [(path: String, parameter: Parameter)] {
    adapter.parameters.map { ("adapter." + $0.path, $0.parameter) }
  }

  /// Writes what a run needs to go on: all numbers of the adapter and of its rank allocation.
  func writeState(to folder: URL) throws {
    var tensors: [String: Tensor] = [:]
    for (path, parameter) in adapter.parameters { tensors["parameter." + path] = parameter.value }
    for (path, buffer) in adapter.buffers { tensors["buffer." + path] = buffer.value }
    try TensorFile.write(tensors, to: folder.appendingPathComponent(Self.stateName))
    let state = allocator?.state ?? [:]
    if !state.isEmpty {
      try TensorFile.write(state, to: folder.appendingPathComponent(Self.allocatorName))
    }
  }

  /// Continues from what ``writeState(to:)`` wrote.
  func readState(from folder: URL) throws {
    let tensors = try TensorFile.read(folder.appendingPathComponent(Self.stateName))
    func value(_ name: String, _ shape: [Int]) throws -> Tensor {
      guard let found = tensors[name], found.shape == shape else {
        throw CheckpointError.damaged(
          path: folder.path, reason: "the adapter's \"\(name)\" is missing or of another shape")
      }
      return found
    }
    for (path, parameter) in adapter.parameters {
      parameter.value = try value("parameter." + path, parameter.value.shape)
    }
    for (path, buffer) in adapter.buffers {
      buffer.value = try value("buffer." + path, buffer.value.shape)
    }
    let file = folder.appendingPathComponent(Self.allocatorName)
    if let allocator, FileManager.default.fileExists(atPath: file.path) {
      try allocator.restore(try TensorFile.read(file))
    }
  }

  /// Writes the adapter as a small folder of its own, with further texts that belong to it.
  ///
  /// - Returns: that folder.
  @discardableResult
  func write(below folder: URL, facts: [String: String] = [:]) throws -> URL {
    let inner = folder.appendingPathComponent(Self.folderName)
    try AdapterFolder.write(adapter, of: adapted, facts: facts, to: inner)
    return inner
  }

  /// Runs `body` with the adapter written into the network's weights, and takes it out again.
  ///
  /// - Returns: false, without running `body`, where the adapter's change depends on the picture.
  func merged(_ body: () throws -> Void) throws -> Bool {
    do throws(AdapterError) {
      try adapted.merge(keepingBase: true)
    } catch {
      guard case .notMergeable = error else { throw error }
      return false
    }
    defer { adapted.unmerge() }
    try body()
    return true
  }
}
