import CommandSupport
import Foundation
import Tasks

/// What a run works on; kept in the run folder so that a resumed run finds it.
struct FinetuneInputs: Codable {
  /// What is learned.
  var task: TaskDescription.Task
  /// The data folder.
  var data: String

  /// Reads the inputs of a run folder.
  init(of run: RunFolder) throws(CommandFailure) {
    guard let data = FileManager.default.contents(atPath: run.inputs.path),
      let inputs = try? JSONDecoder().decode(FinetuneInputs.self, from: data)
    else {
      throw CommandFailure(
        .missingInput,
        "There is no run to resume in \(run.url.path): it has no \(run.inputs.lastPathComponent) of "
          + "vision-finetune; name the folder that it made.")
    }
    self = inputs
  }

  /// Names the inputs of a new run.
  init(task: TaskDescription.Task, data: String) {
    self.task = task
    self.data = data
  }
}
