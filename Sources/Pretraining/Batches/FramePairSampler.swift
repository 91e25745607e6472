public import Datasets
public import Metrics
public import Recipes
public import Tensors

/// Draws the frame pairs of each step: same clip, a time gap in range, at least two crops in each.
///
/// A step depends only on the seed and its number, so any step can be drawn at any time.
public struct FramePairSampler: Sendable {
  private struct Video: Sendable {
    let number: Int
    var frames: [CropFrame]
  }

  private var videos: [Video] = []
  private let settings: ISRSettings
  private let random: RandomStream
  private var eligible = 0
  private let slack: Double

  /// A sampler without frames.
  ///
  /// `samplingRate` is that of the extraction, in frames per second: frames lie on its grid, so half
  /// its interval is the slack that gaps have.
  public init(settings: ISRSettings, samplingRate: Double, random: RandomStream) {
    precondition(samplingRate > 0, "FramePairSampler: the sampling rate must be positive")
    slack = 1 / (2 * samplingRate)
    self.settings = settings
    self.random = random
  }

  /// A sampler of the frames that hold at least two crops.
  public init(
    frames: [CropFrame], settings: ISRSettings, samplingRate: Double, random: RandomStream
  ) {
    self.init(settings: settings, samplingRate: samplingRate, random: random)
    for frame in frames { append(frame) }
  }

  /// Adds a frame, if it holds at least two crops.
  public mutating func append(_ frame: CropFrame) {
    guard frame.crops.count >= 2 else { return }
    eligible += 1
    // Frames come video by video and in order of time, so the places are nearly always the last ones.
    let place = videos.lastIndex { $0.number <= frame.video }
    guard let place, videos[place].number == frame.video else {
      videos.insert(
        Video(number: frame.video, frames: [frame]), at: place.map { $0 + 1 } ?? 0)
      return
    }
    let position = videos[place].frames.lastIndex {
      ($0.clip, $0.seconds) <= (frame.clip, frame.seconds)
    }
    videos[place].frames.insert(frame, at: position.map { $0 + 1 } ?? 0)
  }

  /// Frames with at least two crops.
  public var frameCount: Int { eligible }

  /// Whether at least one frame has a partner within the gaps that the run ever allows.
  public var hasPairs: Bool {
    let maximum = largestGap(progress: 1)
    return videos.contains { video in
      video.frames.indices.contains {
        partner(
          of: $0, in: video.frames, at: video.frames[$0].seconds + settings.gapMinimum,
          maximum: maximum) != nil
      }
    }
  }

  /// Largest gap in seconds at a point of the run, `progress` 0 … 1.
  public func largestGap(progress: Double) -> Double {
    let share =
      settings.gapWidenFraction > 0 ? min(progress / settings.gapWidenFraction, 1) : 1
    return settings.gapMaximumStart + share * (settings.gapMaximumEnd - settings.gapMaximumStart)
  }

  /// The frame pairs of one step; fewer than asked for where the footage has no partner in range.
  public func pairs(step: Int, progress: Double) -> [FramePair] {
    guard eligible > 0 else { return [] }
    var random = random.split("pairs").split(step)
    let maximum = largestGap(progress: progress)
    switch settings.batchSource {
    case .oneVideo: return pairsOfOneVideo(maximum: maximum, random: &random)
    case .mixed: return pairsOfAllVideos(maximum: maximum, random: &random)
    case .automatic:
      return hasMixedBatches
        ? pairsOfManyVideos(maximum: maximum, random: &random)
        : pairsOfOneVideo(maximum: maximum, random: &random)
    }
  }

  /// Whether ``ISRSettings/BatchSource/automatic`` takes pairs of several videos from these frames.
  ///
  /// It does where there are as many videos as pairs, or where most of the time lies in videos whose
  /// strands are shorter than half a walk, so that more than neighbouring strands share their persons.
  /// One video alone is never mixed.
  var hasMixedBatches: Bool {
    guard videos.count > 1 else { return false }
    if videos.count >= settings.pairsPerBatch { return true }
    let shortest = settings.walkSeconds / 2 * Double(settings.pairsPerBatch)
    let durations = videos.map { video in
      (video.frames.last?.seconds ?? 0) - (video.frames.first?.seconds ?? 0)
    }
    let short = durations.lazy.filter { $0 < shortest }.reduce(0, +)
    return 2 * short > durations.reduce(0, +)
  }

  /// Chosen by its number of frames; one strand of time per pair keeps the persons different.
  private func pairsOfOneVideo(maximum: Double, random: inout RandomStream) -> [FramePair] {
    let chosen = videos[draw(among: Array(videos.indices), random: &random)]
    return strands(settings.pairsPerBatch, of: chosen).compactMap {
      pair(in: chosen, frames: $0, maximum: maximum, random: &random)
    }
  }

  private func pairsOfAllVideos(maximum: Double, random: inout RandomStream) -> [FramePair] {
    let order = random.permutation(videos.count)
    return (0..<settings.pairsPerBatch).compactMap { index in
      let video = videos[order[index % order.count]]
      return pair(
        in: video, frames: 0..<video.frames.count, maximum: maximum,
        recurrence: settings.walkSeconds, random: &random)
    }
  }

  /// As many videos as pairs, drawn by their numbers of frames, or all of them with several strands.
  private func pairsOfManyVideos(maximum: Double, random: inout RandomStream) -> [FramePair] {
    var left = Array(videos.indices)
    var chosen: [Int] = []
    while !left.isEmpty, chosen.count < settings.pairsPerBatch {
      let next = draw(among: left, random: &random)
      chosen.append(next)
      left.removeAll { $0 == next }
    }
    var result: [FramePair] = []
    for (place, index) in chosen.enumerated() {
      // The first of the videos take the pairs that are left over.
      let count =
        settings.pairsPerBatch / chosen.count
        + (place < settings.pairsPerBatch % chosen.count ? 1 : 0)
      for strand in strands(count, of: videos[index]) {
        guard
          let pair = pair(
            in: videos[index], frames: strand, maximum: maximum,
            recurrence: settings.walkSeconds, random: &random)
        else { continue }
        result.append(pair)
      }
    }
    return result
  }

  /// One of the videos, each as likely as it has frames.
  private func draw(among candidates: [Int], random: inout RandomStream) -> Int {
    let total = candidates.reduce(0) { $0 + videos[$1].frames.count }
    var ticket = random.integer(below: total)
    for index in candidates {
      if ticket < videos[index].frames.count { return index }
      ticket -= videos[index].frames.count
    }
    return candidates[candidates.count - 1]
  }

  /// The frames of a video in `count` parts of equal length; fewer where it has fewer frames.
  private func strands(_ count: Int, of video: Video) -> [Range<Int>] {
    let frames = video.frames.count
    // More pairs than frames would share their strands.
    let count = min(count, frames)
    return (0..<count).map { frames * $0 / count..<frames * ($0 + 1) / count }
  }

  private func pair(
    in video: Video, frames range: Range<Int>, maximum: Double, recurrence: Double = 0,
    random: inout RandomStream
  ) -> FramePair? {
    for _ in 0..<8 {
      let index = range.lowerBound + random.integer(below: range.count)
      let anchor = video.frames[index]
      let gap = settings.gapMinimum + Double(random.uniform()) * (maximum - settings.gapMinimum)
      guard
        let partner = partner(
          of: index, in: video.frames, at: anchor.seconds + gap, maximum: maximum)
      else { continue }
      return FramePair(
        first: subset(anchor.crops, random: &random),
        second: subset(partner.crops, random: &random), gap: partner.seconds - anchor.seconds,
        video: video.number, seconds: anchor.seconds, recurrenceSeconds: recurrence)
    }
    return nil
  }

  /// The later frame of the same clip nearest to a time, within the allowed gap.
  private func partner(
    of index: Int, in frames: [CropFrame], at seconds: Double, maximum: Double
  ) -> CropFrame? {
    let anchor = frames[index]
    var best: CropFrame?
    var later = index + 1
    while later < frames.count, frames[later].clip == anchor.clip {
      let gap = frames[later].seconds - anchor.seconds
      // Sampled frames lie up to half an interval off the times that were asked for.
      if gap > maximum + slack { break }
      if gap >= settings.gapMinimum - slack, gap > 0 {
        let distance = abs(frames[later].seconds - seconds)
        if let current = best, abs(current.seconds - seconds) <= distance { break }
        best = frames[later]
      }
      later += 1
    }
    return best
  }

  private func subset(_ crops: Range<Int>, random: inout RandomStream) -> [Int] {
    guard crops.count > settings.maximumCropsPerFrame else { return Array(crops) }
    return random.permutation(crops.count).prefix(settings.maximumCropsPerFrame).sorted()
      .map { crops.lowerBound + $0 }
  }
}
