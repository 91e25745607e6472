import Foundation
import Gradients
import Layers
import Recipes
import Storage
import Tasks
import Tensors
import Testing
import Training

/// A task with one number to learn, whose scores are given.
private final class GivenScores: FinetuneTask {
  final class Number: Module {
    let value = Parameter(Tensor([1, 2], shape: [2]))
  }

  let number = Number()
  private var scores: [Double]

  init(_ scores: [Double]) {
    self.scores = scores
  }

  var network: any Module { number }
  func steps(epochs: Int) -> Int { 7 * epochs }
  var batches: @Sendable (Int) throws -> Int { { $0 } }

  func learn(from batch: Int, in context: ForwardContext) throws -> TaskLoss {
    let value = context.variable(number.value)
    return TaskLoss((value * value).summed(), values: [:], images: 3)
  }

  func score() throws -> TaskScore? {
    scores.isEmpty ? nil : TaskScore("given", scores.removeFirst())
  }

  func writeModel(to folder: URL, for purpose: ModelPurpose) throws {
    try ModuleWeights.write(number, to: folder.appendingPathComponent("model.safetensors"))
  }

  func readModel(from folder: URL) throws {
    try ModuleWeights.read(into: number, from: folder.appendingPathComponent("model.safetensors"))
  }
}

@Suite struct TaskTrainerTests {
  private func trainer(
    _ scores: [Double], change: (inout FinetuneSettings) -> Void = { _ in }
  ) -> TaskTrainer<GivenScores> {
    var settings = FinetuneSettings()
    settings.steps = 10
    settings.evaluateEverySteps = 1
    change(&settings)
    return TaskTrainer(GivenScores(scores), settings: settings, random: RandomStream(seed: 0))
  }

  @Test func `stops after as many scores without a better one as the recipe waits`() throws {
    let trainer = trainer([0.1, 0.4, 0.3, 0.4, 0.2, 0.1, 0.9]) { $0.patience = 2 }
    let steps = try trainer.run()
    #expect(steps.count == 6 && trainer.isStoppedEarly)
    #expect(steps.map(\.isBest) == [true, true, false, true, false, false])
    #expect(trainer.bestStep == 4 && trainer.best?.value == 0.4)
  }

  @Test func `without patience runs to the end`() throws {
    let trainer = trainer([0.5] + [Double](repeating: 0.1, count: 9))
    #expect(try trainer.run().count == 10)
    #expect(trainer.bestStep == 1 && !trainer.isStoppedEarly)
  }

  @Test func `without scores the last weights stand`() throws {
    let trainer = trainer([])
    try trainer.run()
    #expect(trainer.best == nil && trainer.step == 10)
  }

  @Test func `epochs are counted by the task`() {
    let trainer = trainer([]) { $0.epochs = 3 }
    #expect(trainer.totalSteps == 21)
  }

  @Test func `best score and count survive a checkpoint`() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = CheckpointFolder(root.appendingPathComponent("last"))
    let first = trainer([0.1, 0.4, 0.3])
    try first.run(until: 3)
    try first.save(to: folder, state: TaskState(threads: 1))
    let second = trainer([])
    #expect(try second.restore(from: folder).step == 3)
    #expect(second.best == first.best && second.bestStep == 2 && second.scoresSinceBest == 1)
    let other = trainer([]) { $0.steps = 11 }
    let error = #expect(throws: TaskError.self) { try other.restore(from: folder) }
    let text = try #require(error).description
    #expect(text.contains("10 steps") && text.contains("11"))
    #expect(try other.restore(from: folder, allowingOtherLength: true).step == 3)
    #expect(try other.run().count == 8)
    let short = trainer([]) { $0.steps = 2 }
    let tooShort = #expect(throws: TaskError.self) {
      try short.restore(from: folder, allowingOtherLength: true)
    }
    #expect(try #require(tooShort).description.contains("at least 3 steps"))
  }

  @Test func `a loss that is no number stops the run before it does harm`() throws {
    let trainer = trainer([])
    trainer.task.number.value.value = Tensor([.infinity, 1], shape: [2])
    let error = #expect(throws: TaskError.self) { try trainer.advance() }
    let text = try #require(error).description
    #expect(text.contains("step 0") && text.contains("training.learningRate"))
    #expect(trainer.step == 0)
  }

  /// One step of a transformer of twelve blocks on pictures of 33 tokens.
  private static func step(checkpointing: Bool, adapter: Bool) throws -> [[Float]] {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.steps = 2
    recipe.training.validationShare = 0
    recipe.training.activationCheckpointing = checkpointing
    if adapter {
      recipe.tuning.method = "lora"
      recipe.tuning.adapter = ["rank": "2", "dropout": "0.2"]
    }
    let task = try PersonReID(
      data: try people.data(recipe), recipe: recipe,
      start: ModelFolder.load("random:vit_tiny_patch16_224@128x64", seed: 1), origin: "test")
    let trainer = TaskTrainer(task, settings: recipe.training, random: RandomStream(seed: 0))
    _ = try trainer.advance()
    return trainer.weights
  }

  @Test(arguments: [true, false])
  func `blocks that compute again learn the same bits`(_ adapter: Bool) throws {
    let again = try Self.step(checkpointing: true, adapter: adapter)
    let isSame = try Self.step(checkpointing: false, adapter: adapter) == again
    #expect(isSame)
  }

  @Test func `blocks that compute again take less memory`() async {
    await #expect(processExitsWith: .success) {
      // The smaller one first: the peak is that of the process.
      _ = try Self.step(checkpointing: true, adapter: true)
      let least = Compute.peakBufferBytes
      _ = try Self.step(checkpointing: false, adapter: true)
      let difference = Compute.peakBufferBytes - least
      // Twelve blocks keep nine or more values for each of 6 x 33 x 192; moments of all weights, which a full
      // training has beside them, would take more than both.
      guard difference > 8 << 20 else { preconditionFailure("\(difference) bytes less") }
    }
  }
}
