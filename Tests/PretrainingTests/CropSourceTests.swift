import Batches
import Datasets
import Images
import Pretraining
import Testing

struct CropSourceTests {
  @Test func `gives the crops of the store whatever fits in memory`() throws {
    let store = try FigureStore(videos: 1, frames: 5, persons: 2)
    let expected = try (0..<10).map { try store.source.store.image(at: $0).pixels }
    // Room for everything, for three crops, for none.
    for limit in [1 << 20, 3 * 64 * 32 * 3, 0] {
      let source = CropSource(store.source.store, limitBytes: limit)
      for index in [0, 1, 2, 3, 0, 9, 4, 3, 2, 1, 0, 5, 6, 7, 8, 9, 9, 0] {
        #expect(try source.image(at: index).pixels == expected[index])
      }
    }
  }

  @Test func `several threads may read at once`() async throws {
    let store = try FigureStore(videos: 1, frames: 5, persons: 2)
    let source = CropSource(store.source.store, limitBytes: 4 * 64 * 32 * 3)
    let expected = try (0..<10).map { try source.store.image(at: $0).pixels }
    let wrong = await withTaskGroup(of: Int.self) { group in
      for task in 0..<4 {
        group.addTask {
          var wrong = 0
          for step in 0..<60 {
            let index = (step * (task + 3)) % 10
            wrong += (try? source.image(at: index).pixels) == expected[index] ? 0 : 1
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test func `camera styles are means and deviations of values 0…1`() {
    let dark = Image(width: 2, height: 1, pixels: [0, 51, 102, 0, 51, 204])
    let style = CameraStyle(of: [dark, dark])
    let expected: [Float] = [0, 0.2, 0.6]
    for (a, b) in zip(style.mean, expected) { #expect(abs(a - b) < 1e-6) }
    #expect(abs(style.deviation[2] - 0.2) < 1e-6)
    // A channel without variation keeps a deviation above zero, since it divides.
    #expect(style.deviation.allSatisfy { $0 > 0 })
  }
}
