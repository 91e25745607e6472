import Datasets
import Foundation
import Frames
import Gradients
import Images
import Losses
import Metrics
import Persons
import Recipes
import Tensors
import Testing

@testable import Pretraining

/// From a drawn video and its boxes to pairs, with colour histograms in the place of a network.
struct HistogramMiningTests {
  private static let colours: [[UInt8]] = [
    [200, 30, 40], [30, 60, 200], [40, 170, 60], [220, 200, 50], [150, 60, 180],
  ]
  private static let (width, height, frames) = (320, 160, 60)

  /// Five figures walk at speeds of their own; some leave, some come in.
  private static func box(_ figure: Int, _ frame: Int) -> Rectangle {
    let speed = [2.0, -2.5, 1.5, -1, 3][figure]
    let start = [20.0, 280, 130, 200, -60][figure]
    return Rectangle(
      left: start + speed * Double(frame) - 8, top: Double(2 + 31 * figure), width: 16, height: 34)
  }

  private static func picture(_ frame: Int) -> Image {
    var pixels = [UInt8](repeating: 128, count: width * height * 3)
    for figure in colours.indices {
      let box = box(figure, frame)
      for y in Int(box.top)..<Int(box.bottom) {
        for x in max(Int(box.left), 0)..<max(min(Int(box.right), width), max(Int(box.left), 0)) {
          // Trousers in the colour of another figure, so that no single colour tells a person.
          let colour = y < Int(box.top) + 19 ? colours[figure] : colours[(figure + 2) % 5]
          for channel in 0..<3 { pixels[(y * width + x) * 3 + channel] = colour[channel] }
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  private func write(_ folder: URL) throws {
    let writer = try VideoWriter(
      path: folder.appendingPathComponent("walk.mp4").path, width: Self.width,
      height: Self.height, framesPerSecond: 10, quality: 14)
    var lines = ""
    for frame in 0..<Self.frames {
      try writer.append(Self.picture(frame))
      for figure in Self.colours.indices {
        let box = Self.box(figure, frame)
        lines +=
          "\(frame + 1),\(figure + 1),\(box.left),\(box.top),\(box.width),\(box.height),1,1\n"
      }
    }
    try writer.finish()
    try Data(lines.utf8).write(to: folder.appendingPathComponent("walk.txt"))
  }

  private func extract(_ folder: URL, to name: String) throws -> CropStore {
    var settings = FootageExtraction.Settings()
    settings.cropWidth = 32
    settings.cropHeight = 64
    settings.rules.minimumHeight = 30
    let store = folder.appendingPathComponent(name)
    let writer = try CropStoreWriter(directory: store, settings: settings.store)
    _ = try FootageExtraction(settings: settings).extract(
      from: try Footage.find([folder.appendingPathComponent("walk.mp4").path]), into: writer)
    return try CropStore(directory: store)
  }

  @Test func `raw colour histograms find the same person in two frames`() throws {
    try ExtractionScene.withFolder { folder in
      try write(folder)
      let store = try extract(folder, to: "store")
      #expect(store.count > 150)
      var settings = ISRSettings()
      settings.gapMaximumEnd = 1
      let sampler = FramePairSampler(
        frames: store.frames(), settings: settings, samplingRate: 10,
        random: RandomStream(seed: 3))
      let histogram = ColorHistogram()
      let miner = PairMiner(.hungarian)
      var (right, mined) = (0, 0)
      for step in 0..<20 {
        let framePairs = sampler.pairs(step: step, progress: 1)
        let crops = framePairs.flatMap { $0.first + $0.second }
        let features = try crops.flatMap { histogram.features(of: try store.image(at: $0)) }
        let rows = Variable(Tensor(features, shape: [crops.count, histogram.width]))
          .l2Normalized().value
        let batch = try miner.batch(rows, framePairs: framePairs)
        mined += batch.pairs.count
        right += batch.pairs.count {
          store.identity(at: crops[$0.first]) == store.identity(at: crops[$0.second])
        }
      }
      let precision = Double(right) / Double(mined)
      #expect(mined > 300 && precision > 0.95, "\(right) of \(mined)")
      // Two runs tell the same, byte by byte.
      _ = try extract(folder, to: "again")
      let manifests = try ["store", "again"].map {
        try Data(contentsOf: folder.appendingPathComponent("\($0)/manifest.csv"))
      }
      #expect(manifests[0] == manifests[1] && manifests[0].count > 10_000)
    }
  }
}
