import Metrics
import Testing

struct MetricsErrorTests {
  @Test func `says why no query has a match`() throws {
    let distances = DistanceMatrix([0.1, 0.2], queries: 1, gallery: 2)
    let strangers = try message {
      try scoreRetrieval(
        distances, query: RetrievalLabels(persons: [1], cameras: [0]),
        gallery: RetrievalLabels(persons: [2, 3], cameras: [1, 1]))
    }
    #expect(strangers.contains("no one in common"))
    let oneCamera = try message {
      try scoreRetrieval(
        distances, query: RetrievalLabels(persons: [1], cameras: [0]),
        gallery: RetrievalLabels(persons: [1, 3], cameras: [0, 0]))
    }
    #expect(oneCamera.contains("1 camera found") && oneCamera.contains("no-camera"))
  }

  @Test func `asks for cameras only where they are needed`() throws {
    let distances = DistanceMatrix([0.1, 0.2], queries: 1, gallery: 2)
    let query = RetrievalLabels(persons: [1])
    let gallery = RetrievalLabels(persons: [1, 2])
    let text = try message { try scoreRetrieval(distances, query: query, gallery: gallery) }
    #expect(text.contains("no camera numbers"))
    let scores = try scoreRetrieval(
      distances, query: query, gallery: gallery, options: RetrievalOptions(rule: .withoutCameras))
    #expect(scores.mAP == 1)
  }

  @Test func `names the image with a broken feature`() throws {
    var data = MadeRetrieval(seed: 1)
    data.gallery[5 * data.width + 3] = .nan
    for rule in [RetrievalProtocol.crossCamera, .cameraCentred] {
      let text = try message { try data.scores(RetrievalOptions(rule: rule)) }
      #expect(text.contains("image 5 of the gallery"))
    }
  }

  @Test func `refuses empty sets`() throws {
    let text = try message {
      try scoreRetrieval(
        queryFeatures: [], galleryFeatures: [1, 0], width: 2, query: RetrievalLabels(persons: []),
        gallery: RetrievalLabels(persons: [1]))
    }
    #expect(text.contains("queries holds no images"))
  }

  private func message(_ body: () throws -> RetrievalScores) throws -> String {
    do {
      _ = try body()
    } catch let error as MetricsError {
      return error.description
    }
    Issue.record("no error was thrown")
    return ""
  }
}
