public import Adapters
public import Foundation
import Layers
import Storage
import Tensors

/// An adapter in a folder of its own: `adapter.json` and `adapter.safetensors`, for every method.
///
/// The description holds the plan, the sites it came to, and a fingerprint of the base, so that an
/// adapter is never put on a network it was not made for.
public enum AdapterFolder {
  /// Name of the description.
  public static let descriptionName = "adapter.json"
  /// Name of the numbers.
  public static let tensorsName = "adapter.safetensors"

  /// What `adapter.json` holds.
  struct Description: Codable {
    var format = 2
    var plan: AdapterPlan
    /// Site paths, in the order of the network.
    var sites: [String]
    /// Paths of parameters tuned in full.
    var tuned: [String]
    /// Fingerprint of the base's parameters, and from format 2 on of its running statistics.
    var base: String
    /// Further facts of the method or of the run, such as a calibrated threshold.
    var facts: [String: String]
  }

  /// Writes an adapter.
  ///
  /// - Parameters:
  ///   - facts: further texts that belong to it, given back by ``facts(of:)``.
  /// - Throws: `AdapterFileError.unwritable` or `SafetensorsError`.
  public static func write(
    _ adapter: NetworkAdapter, of adapted: AdaptedNetwork, facts: [String: String] = [:],
    to folder: URL
  ) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw AdapterFileError.unwritable(path: folder.path, reason: error.localizedDescription)
    }
    var tensors: [String: Tensor] = [:]
    for (path, parameter) in adapter.parameters { tensors[path] = parameter.value }
    for (path, buffer) in adapter.buffers { tensors[path] = buffer.value }
    try AdapterTensors.write(tensors, to: folder.appendingPathComponent(tensorsName))
    let description = Description(
      plan: adapter.plan, sites: adapter.attached.map(\.site.path),
      tuned: adapter.tuned.map(\.path), base: try fingerprint(of: adapted), facts: facts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let url = folder.appendingPathComponent(descriptionName)
    do {
      // Last: a folder with a description is a whole adapter.
      try encoder.encode(description).write(to: url, options: .atomic)
    } catch {
      throw AdapterFileError.unwritable(path: url.path, reason: error.localizedDescription)
    }
  }

  /// Attaches an adapter from its folder.
  ///
  /// - Parameters:
  ///   - name: the name it gets.
  ///   - allowsOtherBase: whether the network may have other weights than at training.
  /// - Throws: `AdapterFileError`, `AdapterError` or `SafetensorsError`; nothing is attached then.
  @discardableResult
  public static func read(
    _ folder: URL, into adapted: AdaptedNetwork, named name: String = "default",
    allowsOtherBase: Bool = false
  ) throws -> NetworkAdapter {
    let description = try description(of: folder)
    let base = try fingerprint(of: adapted, withStatistics: description.format > 1)
    if !allowsOtherBase, description.base != base {
      throw AdapterFileError.otherBase(path: folder.path)
    }
    // The sites themselves, whatever the patterns would find in this network.
    var plan = description.plan
    plan.sites = description.sites.map { "=" + $0 }
    plan.excluded = []
    if plan.sites.isEmpty { plan.excludeAll(of: adapted) }
    plan.tuned = description.tuned.map { "=" + $0 }
    let url = folder.appendingPathComponent(tensorsName)
    let tensors = try AdapterTensors.read(url)
    let adapter = try adapted.attach(
      plan, named: name, random: RandomStream(seed: 0), restoring: description.plan)
    do {
      try AdapterTensors.fill(adapter, from: tensors, path: url.path)
    } catch {
      try adapted.detach(name)
      throw error
    }
    return adapter
  }

  /// The further texts of an adapter.
  public static func facts(of folder: URL) throws(AdapterFileError) -> [String: String] {
    try description(of: folder).facts
  }

  private static func description(of folder: URL) throws(AdapterFileError) -> Description {
    let url = folder.appendingPathComponent(descriptionName)
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: error.localizedDescription)
    }
    do {
      let found = try JSONDecoder().decode(Description.self, from: data)
      guard (1...2).contains(found.format) else {
        throw AdapterFileError.malformed(
          path: url.path, reason: "it is of format \(found.format), and this version reads 1 and 2")
      }
      return found
    } catch let error as AdapterFileError {
      throw error
    } catch {
      throw .malformed(path: url.path, reason: "\(error)")
    }
  }

  /// A number that tells base networks apart, from paths, shapes and values of their parameters and
  /// running statistics.
  static func fingerprint(
    of adapted: AdaptedNetwork, withStatistics: Bool = true
  ) throws(AdapterError) -> String {
    // Merged weights are not the base's.
    guard !adapted.isMerged else { throw .merged }
    var fingerprint = Fingerprint()
    let statistics = withStatistics ? adapted.network.buffers : []
    let values =
      adapted.network.parameters.map { ($0.path, $0.parameter.value) }
      + statistics.map { ($0.path, $0.buffer.value) }
    for (path, value) in values {
      fingerprint.add(path)
      for extent in value.shape { fingerprint.add(UInt64(extent)) }
      let count = value.count
      value.withPointer {
        fingerprint.add(UnsafeRawBufferPointer(UnsafeBufferPointer(start: $0, count: count)))
      }
    }
    return fingerprint.text
  }
}
