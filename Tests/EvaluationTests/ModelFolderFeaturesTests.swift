import Backbones
import Batches
import Evaluation
import Foundation
import Gradients
import Images
import Layers
import Pretraining
import Storage
import Tensors
import Testing
import Training

/// Features of a run folder as pretraining leaves it.
@Suite struct ModelFolderFeaturesTests {
  /// Writes `run/best` with an embedding head, and returns the model that was written.
  private func writeRun(_ run: URL) throws -> PretrainingModel {
    let made = try ModelFolder.makeBackbone(
      named: "convnet_small", random: RandomStream(seed: 4))
    let model = PretrainingModel(
      backbone: made.backbone, embedding: 24, random: RandomStream(seed: 5))
    let folder = run.appendingPathComponent("best")
    try ModelFolder.write(
      made.backbone,
      configuration: ModelFolder.configuration(
        of: made.backbone, entry: made.entry, embedding: 24, origin: "ISR, 10 steps"),
      to: folder)
    try ModuleWeights.write(model.heads, to: folder.appendingPathComponent("heads.safetensors"))
    return model
  }

  @Test func `both outputs are those of the model that was written`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let run = people.root.appendingPathComponent("run")
    let model = try writeRun(run)
    let path = try people.write(person: 1, camera: 1, into: "a")
    let picture = MadePeople.picture(person: 1, tint: 3)
    let entry = try #require(BackboneCatalog.entry(named: "convnet_small"))
    let input = PictureBatch.tensor(
      [picture], extent: entry.defaultExtent, preprocessing: entry.preprocessing)

    let pooled = try FeatureExtractor(run.path)
    #expect(pooled.origin.contains("ISR, 10 steps"))
    let expected = model.backbone.features(of: Variable(input), in: .inference()).value.values
    #expect(try pooled.features(of: [path]).values == expected)

    let embedding = try FeatureExtractor(run.path, position: .embedding)
    #expect(embedding.width == 24 && embedding.fingerprint != pooled.fingerprint)
    let row = try embedding.features(of: [path]).values
    let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let unit = model.embeddings(of: Variable(input), in: .inference()).value.values
    for (value, wanted) in zip(row, unit) { #expect(abs(value / length - wanted) < 1e-5) }
  }

  @Test func `a model folder without heads has no embedding`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let run = people.root.appendingPathComponent("run")
    _ = try writeRun(run)
    let folder = run.appendingPathComponent("best")
    try FileManager.default.removeItem(at: folder.appendingPathComponent("heads.safetensors"))
    #expect(throws: EvaluationError.noEmbedding(model: folder.path)) {
      try FeatureExtractor(folder.path, position: .embedding)
    }
    #expect(try FeatureExtractor(folder.path).parameterCount > 100_000)
  }

  @Test func `weights that diverged are named with the picture`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let run = people.root.appendingPathComponent("run")
    let model = try writeRun(run)
    let weight = try #require(model.backbone.parameters.first?.parameter)
    weight.value = weight.value.scaled(by: 1e38)
    try ModuleWeights.write(
      model.backbone, to: run.appendingPathComponent("best/model.safetensors"))
    let path = try people.write(person: 1, camera: 1, into: "a")
    #expect(throws: (any Error).self) { try FeatureExtractor(run.path).features(of: [path]) }
  }
}
