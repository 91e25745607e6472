public import Adapters
public import Foundation
import Layers
import Tensors

/// Adapters in the folder format of Hugging Face PEFT: `adapter_config.json` and
/// `adapter_model.safetensors`.
///
/// Written folders load in PEFT on the same network of timm's names. What PEFT has no form for is
/// written as exact low-rank factors where there are such, else refused.
/// **Source**: the files and the matching rules of PEFT 0.21.
public enum PEFTFolder {
  /// Name of the description.
  public static let descriptionName = "adapter_config.json"
  /// Name of our own file beside PEFT's two: which base the adapter belongs to.
  public static let originName = "swift_vision.json"
  /// Name of the numbers.
  public static let tensorsName = "adapter_model.safetensors"

  /// Writes an adapter for PEFT.
  ///
  /// - Parameters:
  ///   - base: what the description names as the base model, for people.
  /// - Throws: `AdapterFileError.notExpressible` where PEFT has no form for it.
  public static func write(
    _ adapter: NetworkAdapter, of adapted: AdaptedNetwork, base: String? = nil, to folder: URL
  ) throws {
    guard !adapted.isMerged else { throw AdapterError.merged }
    var writing = try PEFTWriting(adapter, network: adapted.network)
    try writing.addSites()
    try writing.addTuned()
    writing.fields["base_model_name_or_path"] = base ?? NSNull()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw AdapterFileError.unwritable(path: folder.path, reason: error.localizedDescription)
    }
    try AdapterTensors.write(
      writing.tensors, integers: writing.integers,
      to: folder.appendingPathComponent(tensorsName))
    let url = folder.appendingPathComponent(descriptionName)
    let origin = Origin(base: try AdapterFolder.fingerprint(of: adapted))
    do {
      try JSONEncoder().encode(origin).write(
        to: folder.appendingPathComponent(originName), options: .atomic)
      let data = try JSONSerialization.data(
        withJSONObject: writing.fields,
        options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      try data.write(to: url, options: .atomic)
    } catch {
      throw AdapterFileError.unwritable(path: url.path, reason: error.localizedDescription)
    }
  }

  /// Attaches an adapter from a folder of PEFT.
  ///
  /// - Parameters:
  ///   - name: the name it gets.
  ///   - allowsPartial: whether layers that this network has not, such as the head of a classifier, and
  ///     announced layers that the file lacks are left out.
  ///   - allowsOtherBase: whether the network may have other weights than those that the folder was
  ///     written for; folders of PEFT itself do not say it.
  ///   - report: told what was left out, if anything was.
  /// - Throws: `AdapterFileError`, `AdapterError` or `SafetensorsError`; nothing is attached then.
  @discardableResult
  public static func read(
    _ folder: URL, into adapted: AdaptedNetwork, named name: String = "default",
    allowsPartial: Bool = false, allowsOtherBase: Bool = false,
    report: (_ leftOut: [String]) -> Void = { _ in }
  ) throws -> NetworkAdapter {
    let configuration = try PEFTConfiguration(folder: folder)
    if let base = try origin(of: folder)?.base, !allowsOtherBase {
      guard try base == AdapterFolder.fingerprint(of: adapted) else {
        throw AdapterFileError.otherBase(path: folder.path)
      }
    }
    let url = folder.appendingPathComponent(tensorsName)
    let reading = try PEFTReading(
      configuration, tensors: try AdapterTensors.read(url), path: url.path, adapted: adapted,
      allowsPartial: allowsPartial)
    let adapter = try adapted.attach(
      reading.plan, named: name, random: RandomStream(seed: 0))
    do {
      try AdapterTensors.fill(adapter, from: reading.numbers, path: url.path) { path in
        reading.keepsStart(path)
      }
    } catch {
      try adapted.detach(name)
      throw error
    }
    if !reading.leftOut.isEmpty { report(reading.leftOut) }
    return adapter
  }

  /// Whether a folder says which base it belongs to.
  public static func namesBase(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(originName).path)
  }

  /// What our own file holds.
  private struct Origin: Codable {
    /// Fingerprint of the base's parameters and running statistics.
    var base: String
  }

  private static func origin(of folder: URL) throws(AdapterFileError) -> Origin? {
    guard namesBase(folder) else { return nil }
    let url = folder.appendingPathComponent(originName)
    guard let data = FileManager.default.contents(atPath: url.path),
      let found = try? JSONDecoder().decode(Origin.self, from: data)
    else { throw .malformed(path: url.path, reason: "it names no base") }
    return found
  }
}
