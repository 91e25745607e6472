import Foundation
import Layers
import Storage
import Tensors
import Training

/// Begins a head with what fits of the head that the starting model was trained with.
struct HeadStart {
  /// Parts that were taken over, by the first word of their paths.
  let kept: Set<String>
  /// Where the head was found.
  let path: String

  /// Reads a head file into a new head; what is missing there, or has another shape, stays as it is.
  ///
  /// - Parameters:
  ///   - head: the new head.
  ///   - folder: the starting model's folder.
  ///   - isFresh: whether the tensor of a path is made anew even where a value would fit.
  /// - Throws: `SafetensorsError` or `WeightsError` for a damaged file.
  init(_ head: any Module, folder: URL, isFresh: (String) -> Bool) throws {
    let before = Dictionary(
      uniqueKeysWithValues: head.parameters.map { ($0.path, $0.parameter.value) }
        + head.buffers.map { ($0.path, $0.buffer.value) })
    let report = try ModuleWeights.read(
      into: head, from: folder.appendingPathComponent(TaskDescription.headName),
      optional: { _ in true }, resize: { path, _ in before[path] })
    for (path, parameter) in head.parameters where isFresh(path) {
      before[path].map { parameter.value = $0 }
    }
    for (path, buffer) in head.buffers where isFresh(path) {
      before[path].map { buffer.value = $0 }
    }
    let reshaped = Set(report.reshaped.map(\.path))
    kept = Set(
      report.loaded.filter { !reshaped.contains($0) && !isFresh($0) }.map(Self.part(of:)))
    path = folder.path
  }

  /// The part of a head that a path belongs to.
  static func part(of path: String) -> String {
    path.split(separator: ".").first.map(String.init) ?? path
  }

  /// Whether the folder has a head of that task; else why not, in a sentence, or nil where there is no head
  /// at all.
  static func found(
    in folder: URL, for task: TaskDescription.Task, isWanted: Bool
  ) throws(TaskError) -> (description: TaskDescription?, note: String?) {
    let file = folder.appendingPathComponent(TaskDescription.headName)
    guard let description = try TaskDescription(folder: folder),
      FileManager.default.fileExists(atPath: file.path)
    else { return (nil, nil) }
    guard description.task == task else {
      return (
        nil,
        "The start \(folder.path) was trained for \(description.task.rawValue), so its head is not used."
      )
    }
    guard isWanted else {
      return (nil, "The head of the start \(folder.path) is not used: head.start is new.")
    }
    return (description, nil)
  }

  /// What was kept and what is new, in a sentence.
  ///
  /// - Parameters:
  ///   - head: the new head.
  ///   - persons: how many persons the old and the new head know.
  func note(_ head: any Module, persons: (there: Int, here: Int)) -> String {
    var (old, new): ([String], [String]) = ([], [])
    var seen: Set<String> = []
    for (path, _) in head.parameters {
      let part = Self.part(of: path)
      guard seen.insert(part).inserted, let name = Self.names[part] else { continue }
      if kept.contains(part) {
        old.append(
          part == "classifier" ? name + " (as many, so taken for the same \(persons.here))" : name)
      } else {
        new.append(
          part == "classifier" ? name + " (\(persons.there) there, \(persons.here) here)" : name)
      }
    }
    return "Head of the start \(path): kept "
      + (old.isEmpty ? "nothing" : old.joined(separator: ", ")) + "; made anew "
      + (new.isEmpty ? "nothing" : new.joined(separator: ", ")) + "."
  }

  private static let names = [
    "projection": "projection", "neck": "neck", "classifier": "persons", "centres": "centres",
    "jigsaw": "parts", "sie_embed": "cameras", "pooling": "pooling",
  ]
}
