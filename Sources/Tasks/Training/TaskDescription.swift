public import Foundation

/// The `task.json` of a fine-tuned model folder: what the model is for, and what its head looks like.
public struct TaskDescription: Codable, Sendable, Hashable {
  /// The tasks there are.
  public enum Task: String, Codable, Sendable, CaseIterable {
    /// Person re-identification.
    case reid
    /// Face recognition.
    case face
    /// Image restoration.
    case restoration
  }

  /// What the model is for.
  public var task: Task
  /// The head of a re-identification model.
  public var reid: ReIDHead.Shape?
  /// The head of a face-recognition model.
  public var face: FaceHead.Shape?
  /// The network of a restoration model.
  public var restoration: RestorationModel.Shape?
  /// Whether the folder's adapter has to be attached, since its change is no change of the weights.
  public var needsAdapter: Bool?

  /// Describes a model.
  public init(
    task: Task, reid: ReIDHead.Shape? = nil, face: FaceHead.Shape? = nil,
    restoration: RestorationModel.Shape? = nil, needsAdapter: Bool? = nil
  ) {
    self.task = task
    self.reid = reid
    self.face = face
    self.restoration = restoration
    self.needsAdapter = needsAdapter
  }

  /// Name of the file in a model folder.
  public static let fileName = "task.json"
  /// Name of the head's weights in a model folder.
  public static let headName = "head.safetensors"

  /// Reads the description of a model folder; `nil` where it has none.
  ///
  /// - Throws: ``TaskError/unusableModel(path:reason:)`` for a file that cannot be understood.
  public init?(folder: URL) throws(TaskError) {
    let url = folder.appendingPathComponent(Self.fileName)
    guard let data = FileManager.default.contents(atPath: url.path) else { return nil }
    do {
      self = try JSONDecoder().decode(TaskDescription.self, from: data)
    } catch {
      throw .unusableModel(
        path: folder.path, reason: "its \(Self.fileName) cannot be understood (\(error))")
    }
  }

  /// Refuses a model as a start where its weights are not all of it.
  ///
  /// - Parameter origin: the model's folder, or `random:NAME`.
  /// - Throws: ``TaskError/unusableModel(path:reason:)``.
  public static func requireWhole(_ origin: String) throws(TaskError) {
    let folder = URL(fileURLWithPath: origin)
    guard try TaskDescription(folder: folder)?.needsAdapter == true else { return }
    throw .unusableModel(
      path: origin,
      reason:
        "what its adapter changes depends on each picture, so its weights alone are the network "
        + "before that training; start from the model that its run started from, which is tuning.start in "
        + "the recipe.yaml of the run")
  }

  /// Writes the description into a model folder.
  public func write(folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(
      to: folder.appendingPathComponent(Self.fileName), options: .atomic)
  }
}
