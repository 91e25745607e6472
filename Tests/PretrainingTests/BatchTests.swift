import Backbones
import Batches
import Images
import Losses
import Metrics
import Recipes
import Tensors
import Testing

@testable import Datasets
@testable import Pretraining

/// The batches of a step: which crops, which pictures.
struct BatchTests {
  private func frames(clips: Int = 2, length: Int = 30, crops: Int = 3) -> [CropFrame] {
    (0..<clips).flatMap { clip in
      (0..<length).map { frame in
        let index = clip * length + frame
        return CropFrame(
          video: 0, clip: clip, frame: index, seconds: Double(index) / 10,
          crops: (index * crops)..<(index * crops + crops))
      }
    }
  }

  private var settings: ISRSettings {
    var settings = ISRSettings()
    settings.pairsPerBatch = 4
    settings.gapMinimum = 0.2
    settings.gapMaximumStart = 0.5
    settings.gapMaximumEnd = 2
    settings.gapWidenFraction = 0.5
    settings.maximumCropsPerFrame = 2
    return settings
  }

  @Test(arguments: ISRSettings.BatchSource.allCases)
  func `frame pairs keep to clip, gap and number of crops`(_ batchSource: ISRSettings.BatchSource) {
    var settings = settings
    settings.batchSource = batchSource
    let sampler = FramePairSampler(
      frames: frames(), settings: settings, samplingRate: 10,
      random: RandomStream(seed: 1))
    #expect(sampler.frameCount == 60)
    var gaps: Set<Int> = []
    for step in 0..<60 {
      let pairs = sampler.pairs(step: step, progress: 0)
      #expect(!pairs.isEmpty && pairs.count <= 4)
      for pair in pairs {
        #expect(pair.gap > 0.19 && pair.gap < 0.53)
        #expect(pair.first.count == 2 && pair.second.count == 2)
        let frames = [pair.first[0] / 3, pair.second[0] / 3]
        #expect(frames[0] / 30 == frames[1] / 30)
        #expect(frames[1] - frames[0] == Int((pair.gap * 10).rounded()))
        #expect(pair.first.allSatisfy { $0 / 3 == frames[0] })
        gaps.insert(frames[1] - frames[0])
      }
    }
    #expect(gaps == [2, 3, 4, 5])
  }

  /// Frames of three crops, ten a second, of videos that last some seconds each.
  private func footage(_ durations: [Double]) -> [CropFrame] {
    var crop = 0
    return durations.enumerated().flatMap { video, seconds in
      (0..<Int(seconds * 10)).map { frame in
        defer { crop += 3 }
        return CropFrame(
          video: video, clip: 0, frame: frame, seconds: Double(frame) / 10,
          crops: crop..<crop + 3)
      }
    }
  }

  private func sampler(
    _ frames: [CropFrame], _ source: ISRSettings.BatchSource
  ) -> FramePairSampler {
    var settings = ISRSettings()
    settings.batchSource = source
    return FramePairSampler(
      frames: frames, settings: settings, samplingRate: 10, random: RandomStream(seed: 5))
  }

  @Test func `a batch of short clips shows every clip once`() {
    let frames = footage([Double](repeating: 4, count: 20))
    #expect(ISRSettings().batchSource == .automatic)
    let automatic = sampler(frames, .automatic)
    var seen: Set<Int> = []
    for step in 0..<60 {
      let pairs = automatic.pairs(step: step, progress: 0)
      #expect(pairs.count == 8 && Set(pairs.map(\.video)).count == 8)
      // No two pairs can show the same person, so all crops of others are negatives.
      #expect(PairMiner.unmatched(pairs).kin.isEmpty)
      seen.formUnion(pairs.map(\.video))
    }
    #expect(seen.count == 20)
    // One clip alone shows its few persons in every pair.
    let single = sampler(frames, .oneVideo).pairs(step: 0, progress: 0)
    #expect(single.count == 8 && Set(single.map(\.video)).count == 1)
  }

  @Test(arguments: [[79.5], [71.4, 71.4, 71.4, 71.4], [25, 25, 25], [1800, 4, 4, 4]])
  func `few long videos give the batches of one video`(_ durations: [Double]) {
    let frames = footage(durations)
    var settings = ISRSettings()
    var growing: [FramePairSampler] = []
    for source in [ISRSettings.BatchSource.automatic, .oneVideo] {
      settings.batchSource = source
      growing.append(
        FramePairSampler(settings: settings, samplingRate: 10, random: RandomStream(seed: 5)))
    }
    // Beside the reading, when a video has only begun, as after it.
    for (index, frame) in frames.enumerated() {
      for sampler in growing.indices { growing[sampler].append(frame) }
      guard index % 57 == 0 || index == frames.count - 1 else { continue }
      #expect(!growing[0].hasMixedBatches, "\(index) frames")
      #expect(
        growing[0].pairs(step: index, progress: 0.4) == growing[1].pairs(step: index, progress: 0.4)
      )
    }
  }

  @Test func `pairs of few short videos do not repel each other where they are near in time`() {
    let automatic = sampler(footage([12, 12, 12]), .automatic)
    #expect(automatic.hasMixedBatches)
    for step in 0..<20 {
      let pairs = automatic.pairs(step: step, progress: 0)
      #expect(pairs.count == 8 && Set(pairs.map(\.video)).count == 3)
      let batch = PairMiner.unmatched(pairs)
      #expect(batch.kin.contains { !$0.isEmpty })
      for (one, kin) in batch.kin.enumerated() {
        for other in pairs.indices where other != one {
          let (a, b) = (pairs[one], pairs[other])
          let apart = max(b.seconds - a.seconds - a.gap, a.seconds - b.seconds - b.gap)
          #expect(kin.contains(other) == (a.video == b.video && apart < 5))
          #expect(kin.contains(other) == batch.kin[other].contains(one))
        }
      }
    }
  }

  @Test func `the gap widens with progress and then stays`() {
    let sampler = FramePairSampler(
      frames: frames(), settings: settings, samplingRate: 10,
      random: RandomStream(seed: 1))
    for (progress, expected) in [(0, 0.5), (0.25, 1.25), (0.5, 2), (1, 2)] {
      #expect(abs(sampler.largestGap(progress: progress) - expected) < 1e-12)
    }
    let late = (0..<60).flatMap { sampler.pairs(step: $0, progress: 1) }.map(\.gap)
    #expect((late.max() ?? 0) > 1.5)
  }

  @Test func `a step depends on the seed and its number alone`() {
    func sampler(_ seed: UInt64) -> FramePairSampler {
      FramePairSampler(
        frames: frames(), settings: settings, samplingRate: 10,
        random: RandomStream(seed: seed))
    }
    let (a, b, c) = (sampler(1), sampler(1), sampler(2))
    let forward = (0..<10).map { a.pairs(step: $0, progress: 0.3) }
    let backward = (0..<10).reversed().map { b.pairs(step: $0, progress: 0.3) }
    #expect(forward == backward.reversed())
    #expect(forward != (0..<10).map { c.pairs(step: $0, progress: 0.3) })
    #expect(Set(forward.map { $0.map(\.first) }).count > 5)
  }

  @Test func `frames with a single crop take no part`() {
    let sampler = FramePairSampler(
      frames: frames(crops: 1), settings: settings, samplingRate: 10,
      random: RandomStream(seed: 1))
    #expect(sampler.frameCount == 0)
    #expect(sampler.pairs(step: 0, progress: 0).isEmpty)
  }

  @Test func `a video of few frames gives no strand twice`() {
    var settings = settings
    settings.pairsPerBatch = 16
    let sampler = FramePairSampler(
      frames: frames(clips: 1, length: 5), settings: settings, samplingRate: 10,
      random: RandomStream(seed: 1))
    for step in 0..<20 {
      let pairs = sampler.pairs(step: step, progress: 1)
      #expect(!pairs.isEmpty && pairs.count <= 5)
      #expect(Set(pairs.map(\.first[0]).map { $0 / 3 }).count == pairs.count)
    }
  }

  @Test func `the slack of a gap is half the sampling interval`() {
    var settings = settings
    settings.gapMinimum = 0.45
    settings.gapMaximumStart = 0.45
    settings.gapMaximumEnd = 0.45
    // Frames are a tenth of a second apart, so gaps of 0.4 s and 0.5 s are the nearest.
    func sampler(_ samplingRate: Double) -> FramePairSampler {
      FramePairSampler(
        frames: frames(length: 9), settings: settings, samplingRate: samplingRate,
        random: RandomStream(seed: 1))
    }
    #expect(sampler(9).hasPairs && !sampler(9).pairs(step: 0, progress: 0).isEmpty)
    #expect(!sampler(100).hasPairs && sampler(100).pairs(step: 0, progress: 0).isEmpty)
  }

  @Test func `whether there are pairs depends on the widest gap`() {
    var settings = settings
    settings.gapMinimum = 0
    settings.gapMaximumStart = 0.5
    let sparse = (0..<6).map {
      CropFrame(
        video: 0, clip: 0, frame: $0, seconds: Double($0), crops: ($0 * 3)..<($0 * 3 + 3))
    }
    func sampler(_ end: Double) -> FramePairSampler {
      settings.gapMaximumEnd = end
      return FramePairSampler(
        frames: sparse, settings: settings, samplingRate: 10, random: RandomStream(seed: 1))
    }
    #expect(!sampler(0.9).hasPairs)
    #expect(sampler(1).hasPairs)
    #expect(sampler(1).pairs(step: 0, progress: 0).isEmpty)
    #expect(!sampler(1).pairs(step: 0, progress: 1).isEmpty)
  }

  @Test func `masked batches show every crop once per pass`() throws {
    let store = try FigureStore(videos: 1, frames: 4, persons: 3)
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .simmim
    recipe.simmim.batch = 3
    recipe.simmim.augmentation.cropAreaMinimum = 1
    recipe.simmim.augmentation.aspectMinimum = 1
    recipe.simmim.augmentation.aspectMaximum = 1
    recipe.simmim.augmentation.flip = 0
    recipe.optimizer.gradientAccumulation = 2
    let maker = BatchMaker(
      source: store.source, recipe: recipe, extent: FigureStore.extent, preprocessing: .imageNet,
      random: RandomStream(seed: 1))
    try maker.reveal(.max)
    let size = 64 * 32 * 3
    let all = try Set(
      (0..<12).map { index in
        PictureBatch.tensor(
          [try store.source.image(at: index)], extent: FigureStore.extent,
          preprocessing: .imageNet
        ).values
      })
    #expect(all.count == 12)
    var orders: [[[Float]]] = []
    for pass in 0..<2 {
      var seen: [[Float]] = []
      for step in (2 * pass)..<(2 * pass + 2) {
        for part in 0..<2 {
          let batch = try maker.maskedBatch(step: step, part: part)
          #expect(batch.images.shape == [3, 64, 32, 3] && batch.masks.count == 3)
          let values = batch.images.values
          seen += (0..<3).map { Array(values[($0 * size)..<($0 * size + size)]) }
        }
      }
      #expect(Set(seen) == all)
      orders.append(seen)
    }
    #expect(orders[0] != orders[1])
  }

  @Test func `pair batches hold both views of the same crops`() throws {
    let store = try FigureStore()
    let maker = BatchMaker(
      source: store.source, recipe: FigureStore.recipe, extent: FigureStore.extent,
      preprocessing: .imageNet, random: RandomStream(seed: 1))
    try maker.reveal(.max)
    let batch = try maker.pairedBatch(step: 3, progress: 0)
    #expect(batch.crops == batch.framePairs.flatMap { $0.first + $0.second })
    #expect(batch.images.shape == [batch.crops.count, 64, 32, 3])
    let clean = try #require(batch.cleanImages)
    #expect(clean.shape == batch.images.shape && clean != batch.images)
    let again = try maker.pairedBatch(step: 3, progress: 0)
    #expect(again.images == batch.images && again.crops == batch.crops)
    #expect(try maker.pairedBatch(step: 4, progress: 0).images != batch.images)
  }

  @Test func `pictures are normalised, mirrored, changed and erased as told`() {
    let pixels = (0..<24).map { UInt8($0 * 10) }
    let image = Image(width: 4, height: 2, pixels: pixels)
    let preprocessing = Preprocessing(mean: [0, 0.5, 1], deviation: [1, 0.5, 2])
    func value(_ x: Int, _ y: Int, _ channel: Int, _ change: (Float) -> Float = { $0 }) -> Float {
      let raw = change(Float(pixels[(y * 4 + x) * 3 + channel]) / 255)
      return (raw - preprocessing.mean[channel]) / preprocessing.deviation[channel]
    }
    func expectClose(_ found: Tensor, _ expected: (Int, Int, Int) -> Float) {
      for y in 0..<2 {
        for x in 0..<4 {
          for channel in 0..<3 {
            let found = found[(y * 4 + x) * 3 + channel]
            #expect(abs(found - expected(x, y, channel)) < 1e-5)
          }
        }
      }
    }
    func batch(_ change: (inout PictureChange) -> Void) -> Tensor {
      var picture = PictureChange(keeping: image)
      change(&picture)
      return PictureBatch.tensor(
        [image], changes: [picture], extent: Extent(height: 2, width: 4),
        preprocessing: preprocessing)
    }
    expectClose(batch { _ in }) { value($0, $1, $2) }
    expectClose(batch { $0.flips = true }) { value(3 - $0, $1, $2) }
    let gains: [Float] = [2, 0.5, 1]
    let offsets: [Float] = [-0.1, 0, 0.4]
    expectClose(
      batch {
        $0.gain = gains
        $0.offset = offsets
        $0.gamma = 2
      }
    ) { x, y, channel in
      value(x, y, channel) {
        let raw = min(max($0 * gains[channel] + offsets[channel], 0), 1)
        return raw * raw
      }
    }
    expectClose(batch { $0.erased = (left: 1, top: 0, width: 2, height: 1) }) { x, y, channel in
      (1...2).contains(x) && y == 0 ? 0 : value(x, y, channel)
    }
  }

  @Test func `changes stay within their settings`() {
    let image = Image(width: 32, height: 64, pixels: [UInt8](repeating: 9, count: 32 * 64 * 3))
    let settings = ISRAugmentation()
    var random = RandomStream(seed: 6)
    var (flips, grays, erasures) = (0, 0, 0)
    for _ in 0..<1000 {
      let change = settings.change(of: image, extent: FigureStore.extent, random: &random)
      let crop = change.crop
      #expect(crop.left >= 0 && crop.top >= 0 && crop.right <= 32.001 && crop.bottom <= 64.001)
      #expect(crop.width >= 0.66 * 32 && crop.height >= 0.66 * 64)
      #expect(change.gamma >= 0.75 && change.gamma <= 1.25)
      flips += change.flips ? 1 : 0
      grays += change.gray > 0 ? 1 : 0
      guard let erased = change.erased else { continue }
      erasures += 1
      #expect(erased.left >= 0 && erased.left + erased.width <= 32)
      #expect(erased.top >= 0 && erased.top + erased.height <= 64)
      let area = Double(erased.width * erased.height) / (32 * 64)
      #expect(area > 0.015 && area < 0.23)
    }
    #expect(abs(flips - 500) < 80 && abs(grays - 100) < 48 && erasures > 400 && erasures < 580)
    var masked = SimMIMAugmentation()
    masked.flip = 1
    for _ in 0..<200 {
      let change = masked.change(of: image, random: &random)
      #expect(change.flips && change.crop.right <= 32.001 && change.crop.bottom <= 64.001)
      #expect(change.crop.area >= 0.66 * 32 * 64 && change.crop.area <= 32.01 * 64)
    }
  }
}
