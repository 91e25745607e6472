import Foundation
import Images

/// Collects the crops of one camera and writes the chosen ones in the Market-1501 layout.
struct CropCutter {
  private let output: CropOutput
  private let cast: Cast
  private let viewpoint: Viewpoint
  private var random: CounterGenerator
  private var candidates: [Int: [Candidate]] = [:]

  private struct Candidate {
    let identity: Int
    let frameNumber: Int
    let bytes: [UInt8]
  }

  /// Starts with no crops.
  init(output: CropOutput, cast: Cast, viewpoint: Viewpoint) {
    self.output = output
    self.cast = cast
    self.viewpoint = viewpoint
    random = CounterGenerator(seed: cast.seed, .cropChoice, viewpoint.number)
  }

  /// Keeps the crops of a frame that are large and visible enough.
  mutating func consider(_ image: Image, truth: [GroundTruth], frameNumber: Int) throws {
    let interval = max(1, Int((cast.framesPerSecond * 0.3).rounded()))
    for person in truth {
      let box = person.jittered(
        output.boxNoise, pictureWidth: cast.width, pictureHeight: cast.height, random: &random)
      let heights = output.heights
      guard person.visibility >= output.leastVisible, heights.contains(person.height),
        box.height > box.width,
        output.people.map({ person.identity < cast.firstPerson + $0 }) ?? true
      else { continue }
      if let last = candidates[person.walk]?.last, frameNumber - last.frameNumber < interval {
        continue
      }
      let crop = image.cropped(
        Rectangle(left: box.left, top: box.top, width: box.width, height: box.height))
      candidates[person.walk, default: []].append(
        Candidate(
          identity: person.identity, frameNumber: frameNumber,
          bytes: try crop.encodedJPEG(quality: viewpoint.quality)))
    }
  }

  /// Writes the chosen crops: per walk an even selection, and per person one query.
  mutating func write() throws -> (query: Int, gallery: Int, train: Int) {
    var counts = (query: 0, gallery: 0, train: 0)
    var asked: Set<Int> = []
    for walk in candidates.keys.sorted() {
      guard var crops = candidates[walk], !crops.isEmpty else { continue }
      if output.isTraining {
        for crop in Self.spread(crops, output.perWalk) {
          try write(crop, walk: walk, to: "bounding_box_train")
          counts.train += 1
        }
        continue
      }
      if asked.insert(crops[0].identity).inserted {
        let query = crops.remove(at: Int.random(in: 0..<crops.count, using: &random))
        try write(query, walk: walk, to: "query")
        counts.query += 1
      }
      for crop in Self.spread(crops, output.perWalk) {
        try write(crop, walk: walk, to: "bounding_box_test")
        counts.gallery += 1
      }
    }
    return counts
  }

  private func write(_ crop: Candidate, walk: Int, to split: String) throws {
    let folder = output.folder.appendingPathComponent(split)
    try OutputFolder.create(folder)
    // Person, camera and sequence, frame, box: the sequence is the person's walk in this video.
    let name = String(
      format: "%04d_c%ds%d_%06d_%02d.jpg", crop.identity, viewpoint.number, walk + 1,
      crop.frameNumber, 1)
    try OutputFolder.write(Data(crop.bytes), to: folder.appendingPathComponent(name))
  }

  private static func spread(_ crops: [Candidate], _ most: Int) -> [Candidate] {
    guard crops.count > most else { return crops }
    return (0..<most).map { crops[$0 * crops.count / most] }
  }
}
