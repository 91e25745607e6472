import Backbones
import Datasets
import Foundation
import Images
import Recipes
import Storage
import Tensors
import Testing
import Training

@testable import Tasks

/// What face recognition begins with, and what it is scored on.
@Suite struct FaceStartTests {
  @Test func `folds of unequal size are scored as they are`() throws {
    let faces = try MadeFaces(persons: 10, pictures: 2)
    defer { faces.remove() }
    // Persons of the last fold have many pictures, those of the others two.
    for person in 1...10 where person > 5 {
      for number in 3...14 {
        try ColouredPeople.picture(person: person, shift: number)
          .write(to: faces.root.appendingPathComponent("p\(person)/\(number).png"))
      }
    }
    let trainer = try faces.trainer(MadeFaces.recipe { $0.training.validationShare = 0.6 })
    let sizes = try #require(trainer.task.data.heldOut?.pairs.first?.foldSizes)
    #expect(Set(sizes).count > 1, "\(sizes)")
    #expect(try trainer.run().filter { $0.score != nil }.count == 2)
  }

  @Test func `projection and neck of a start are kept for other persons`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    let first = try faces.trainer(MadeFaces.recipe())
    try first.run()
    let folder = faces.root.deletingLastPathComponent()
      .appendingPathComponent("model-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try first.writeKept(to: folder)
    func task(_ recipe: FaceRecipe) throws -> FaceRecognition {
      let data = try FaceData(
        FaceFolder(path: faces.root.path), settings: recipe.face, validationShare: 0.4,
        random: RandomStream(seed: UInt64(recipe.seed)).split("data"))
      return try FaceRecognition(
        data: data, recipe: recipe, start: ModelFolder.load(folder.path), origin: "test")
    }
    let batch = try first.task.batches(0).images
    func vectors(_ task: FaceRecognition) -> [Float] { task.model.vectors(of: batch).values }
    // Other persons, as many or fewer: what pictures are compared by is the start's.
    for limit in [0, 4] {
      let next = try task(MadeFaces.recipe { $0.face.personLimit = limit })
      let note = try #require(next.headNote)
      #expect(note.contains("kept projection, neck"))
      #expect(note.contains(limit == 0 ? "as many" : "persons (6 there, 4 here)"))
      #expect(vectors(next) == vectors(first.task))
    }
    let wider = try task(MadeFaces.recipe { $0.face.embedding = 24 })
    #expect(wider.headNote?.contains("kept nothing; made anew projection, neck, persons") == true)
    let new = try task(MadeFaces.recipe { $0.head.start = .new })
    #expect(vectors(new) != vectors(first.task))
    // A head of the other task is not mistaken for one of this.
    let file = folder.appendingPathComponent("task.json")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacingOccurrences(of: "\"task\" : \"face\"", with: "\"task\" : \"reid\"")
    try Data(text.utf8).write(to: file)
    #expect(try task(MadeFaces.recipe()).headNote?.contains("trained for reid") == true)
  }
}
