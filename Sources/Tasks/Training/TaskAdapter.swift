import AdapterFiles
public import Adapters
public import Foundation
public import Layers
public import Recipes
import Tensors
import Training

/// The adapter that a task trains in place of the network's own weights.
public final class TaskAdapter {
  /// The network with its sites.
  public let adapted: AdaptedNetwork
  /// The adapter on it.
  public let adapter: NetworkAdapter
  let allocator: (any Allocator)?

  /// Puts an adapter on a network, whose own weights are frozen from then on.
  ///
  /// - Parameters:
  ///   - tuning: the recipe's keys.
  ///   - start: the recipe or a plan.
  ///   - measured: further settings of the method by name, found on the data; those of the recipe are
  ///     stronger.
  ///   - network: the network.
  ///   - random: where the adapter's numbers start.
  /// - Returns: `nil` where the method is no adapter, or where everything is trained to measure.
  /// - Throws: `AdapterError` for a method, setting or site that does not exist,
  ///   ``TaskError/unsuitableSettings(reason:)`` for settings of an adapter without one.
  static func make(
    _ tuning: TuningSettings, _ start: AdapterStart, measured: [String: String] = [:],
    on network: any Module, random: RandomStream
  ) throws -> TaskAdapter? {
    guard !Self.isNone(tuning.method) else {
      try refuseSettings(tuning)
      return nil
    }
    let adapted = AdaptedNetwork(network)
    switch start {
    case .plan(let plan): return try TaskAdapter(plan, on: adapted, random: random)
    case .recipe, .probe:
      // Everything that can be wrong with names is found before hours of measuring.
      let plan = try plan(tuning, measured: measured, for: adapted)
      return start.isProbe ? nil : try TaskAdapter(plan, on: adapted, random: random)
    }
  }

  private init(
    _ plan: AdapterPlan, on adapted: AdaptedNetwork, random: RandomStream
  ) throws(AdapterError) {
    self.adapted = adapted
    adapter = try adapted.attach(plan, random: random.split("adapter"))
    allocator = adapter.makeAllocator()
  }

  /// Whether a word of `tuning.method` is no adapter.
  public static func isNone(_ method: String) -> Bool { ["full", "head"].contains(method) }

  /// The method that a recipe asks for, with its settings.
  public static func method(
    _ tuning: TuningSettings, measured: [String: String] = [:]
  ) throws(AdapterError) -> any AdapterMethod {
    try AdapterCatalog.method(
      named: tuning.method, settings: measured.merging(tuning.adapter) { $1 })
  }

  /// The plan that a recipe asks for.
  ///
  /// - Parameter contributions: what each tensor contributes; all alike where nobody measured it.
  static func plan(
    _ tuning: TuningSettings, measured: [String: String] = [:],
    contributions: Contributions? = nil, for adapted: AdaptedNetwork
  ) throws(AdapterError) -> AdapterPlan {
    let method = try method(tuning, measured: measured)
    let (sites, excluded) = (sites(tuning), excluded(tuning))
    let tuned = list(tuning.tuned, unless: TuningSettings().tuned)
    if let gated = method as? PETALface, sites.isEmpty {
      var plan = gated.plan(for: adapted, excluding: excluded)
      plan.tuned = tuned
      return plan
    }
    guard let divided = method as? CoLoRA else {
      return AdapterPlan(method, sites: sites, excluded: excluded, tuned: tuned)
    }
    var plan = try divided.plan(
      for: adapted, contributions: contributions ?? .uniform(of: adapted.network), sites: sites,
      excluding: excluded)
    plan.tuned += tuned
    return plan
  }

  /// The patterns of the sites that a recipe names; none for the adapter's own choice.
  static func sites(_ tuning: TuningSettings) -> [String] {
    list(tuning.sites, unless: TuningSettings().sites)
  }

  /// The patterns of the layers that a recipe leaves out.
  static func excluded(_ tuning: TuningSettings) -> [String] {
    list(tuning.excluded, unless: TuningSettings().excluded)
  }

  private static func list(_ text: String, unless none: String) -> [String] {
    text == none ? [] : SitePattern.list(text)
  }

  /// Refuses what only an adapter would look at.
  private static func refuseSettings(_ tuning: TuningSettings) throws(TaskError) {
    let none = TuningSettings()
    let given =
      tuning.adapter.keys.sorted().map { "adapter.\($0)" }
      + [
        ("tuning.sites", tuning.sites != none.sites),
        ("tuning.excluded", tuning.excluded != none.excluded),
        ("tuning.tuned", tuning.tuned != none.tuned),
        ("tuning.inspection", tuning.inspection != none.inspection),
        ("tuning.oldPictures", tuning.oldPictures != none.oldPictures),
      ].filter(\.1).map(\.0)
    guard let first = given.first else { return }
    throw .unsuitableSettings(
      reason: "The key \(first) is one of adapters and has no effect with --adapter "
        + "\(tuning.method); name an adapter, or leave the key out.")
  }

  /// Name of the folder inside a model folder.
  public static let folderName = "adapter"
  /// Name of the fact that tells by which measure an adapter wants the quality of pictures.
  static let qualityFact = "quality"
  /// Name of the plan in a run folder.
  public static let planName = "adapter-plan.json"
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
    if let allocator {
      try TensorFile.write(
        allocator.state, to: folder.appendingPathComponent(Self.allocatorName))
    }
  }

  /// Puts the recipe's adapter on a network to look at it; contributions count alike.
  @discardableResult
  public static func attached(
    _ tuning: TuningSettings, to adapted: AdaptedNetwork, seed: Int
  ) throws(AdapterError) -> NetworkAdapter {
    try adapted.attach(
      plan(tuning, for: adapted), random: RandomStream(seed: UInt64(seed)).split("adapter"))
  }

  /// Components in use by site, where a rule moves them; empty where there is none.
  public var ranks: [String: Int] { allocator?.ranks ?? [:] }

  /// The plan that the adapter keeps, for the run folder.
  public var plan: AdapterPlan { adapter.plan }

  /// What the adapter of a model folder did to each weight of the base, before any merge.
  ///
  /// - Parameters:
  ///   - folder: a model folder that this task wrote for use.
  ///   - progress: called before each weight with those done and all; what it throws ends the look.
  public func inspection(
    of folder: URL, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> AdapterInspection {
    let name = "inspected"
    try AdapterFolder.read(
      folder.appendingPathComponent(Self.folderName), into: adapted, named: name)
    defer {
      // It was attached just now, so it can be detached.
      try? adapted.detach(name)
    }
    return try adapted.inspect(name, progress: progress)
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
    guard let allocator else { return }
    let file = folder.appendingPathComponent(Self.allocatorName)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw CheckpointError.damaged(
        path: folder.path,
        reason: "the state of the rank allocation, \(Self.allocatorName), is missing")
    }
    try allocator.restore(try TensorFile.read(file))
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
