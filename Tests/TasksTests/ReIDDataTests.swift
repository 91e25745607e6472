import Datasets
import Foundation
import Images
import Recipes
import Tasks
import Tensors
import Testing

@Suite struct ReIDDataTests {
  @Test func `persons held out are not learned`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let data = try people.data()
    let heldOut = Set((data.query + data.gallery).map(\.person))
    #expect(heldOut.count == 2 && data.persons.count == 4)
    #expect(heldOut.isDisjoint(with: data.persons))
    #expect(data.train.count == 16 && data.classes.count == 16)
    #expect(data.query.count == 4 && data.gallery.count == 4)
    #expect(data.usesCameras)
    #expect(
      data.train.indices.allSatisfy { data.persons[data.classes[$0]] == data.train[$0].person })
    #expect(try people.data().query == data.query)
  }

  @Test func `pictures and persons can be limited`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.reid.imageLimit = 1
    recipe.reid.personLimit = 3
    let data = try people.data(recipe)
    #expect(data.train.count == 3 && Set(data.classes) == [0, 1, 2])
  }

  @Test func `without enough persons nothing is held out, and that is said`() throws {
    let people = try ColouredPeople(persons: 3)
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.validationShare = 0.1
    let data = try people.data(recipe)
    #expect(data.query.isEmpty && data.persons.count == 3)
    #expect(data.notes.contains { $0.contains("too few persons") })
  }

  @Test func `one folder per person is all for training`() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    for person in ["ann", "bob", "cem"] {
      let folder = root.appendingPathComponent(person)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for shot in 1...2 {
        try ColouredPeople.picture(person: shot, shift: 0)
          .write(to: folder.appendingPathComponent("\(shot).png"))
      }
    }
    let data = try ReIDData(
      try PersonFolder(root: root), settings: ReIDSettings(), validationShare: 0,
      random: RandomStream(seed: 0))
    #expect(data.train.count == 6 && data.persons.count == 3)
    #expect(data.notes.contains { $0.contains("no splits") })
  }

  @Test func `a folder without training pictures is refused with what it holds`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let folder = people.root.appendingPathComponent("bounding_box_train")
    for name in ["query", "gallery"] {
      try FileManager.default.copyItem(at: folder, to: people.root.appendingPathComponent(name))
    }
    try FileManager.default.removeItem(at: folder)
    let error = #expect(throws: TaskError.self) { try people.data() }
    let text = try #require(error).description
    #expect(text.contains("no training pictures") && text.contains("bounding_box_train"))
  }

  @Test func `persons in training and test are named`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let folder = people.root.appendingPathComponent("bounding_box_train")
    for name in ["query", "gallery"] {
      try FileManager.default.copyItem(at: folder, to: people.root.appendingPathComponent(name))
    }
    let notes = try people.data().notes
    #expect(notes.contains { $0.contains("6 training persons also stand in query or gallery") })
  }

  @Test func `persons who are seen by one camera each are pointed out`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    #expect(try !people.data().notes.contains { $0.contains("one camera only") })
    let folder = people.root.appendingPathComponent("bounding_box_train")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let person = Int(name.prefix(4)) ?? 0
      if name.contains(person % 2 == 0 ? "_c1" : "_c2") {
        try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
      }
    }
    #expect(try people.data().notes.contains { $0.contains("seen by one camera only") })
    // Nobody can be found in another camera, so persons are looked for in all pictures, and that is said.
    var recipe = ColouredPeople.recipe
    recipe.training.validationShare = 0.67
    recipe.reid.personsPerBatch = 2
    let data = try people.data(recipe)
    #expect(Set((data.query + data.gallery).compactMap(\.camera)) == [1, 2])
    #expect(!data.usesCameras)
    #expect(data.notes.contains { $0.contains("seen by two cameras") })
    let steps = try people.trainer(recipe).run()
    #expect(steps.filter { $0.score != nil }.count == 2)
  }

  @Test func `a person with one picture of each camera is also searched`() throws {
    let people = try ColouredPeople(imagesPerCamera: 1)
    defer { people.remove() }
    // One picture more of a third camera: with it the gallery is not empty, but has nobody to be found.
    let alone = people.root.appendingPathComponent("bounding_box_train/0007_c3s1_000000_00.png")
    try ColouredPeople.picture(person: 7, shift: 0).write(to: alone)
    var recipe = ColouredPeople.recipe
    recipe.training.validationShare = 0.7
    recipe.reid.personsPerBatch = 2
    for seed in 0..<4 {
      recipe.seed = seed
      let data = try people.data(recipe)
      #expect(Set(data.query.map(\.person)).isSubset(of: data.gallery.map(\.person)))
      #expect(data.usesCameras)
    }
    #expect(try people.trainer(recipe).run().contains { $0.score != nil })
  }
}
