public import Images

/// Keeps a bounded number of frames, evenly spread over a clip of unknown length.
///
/// When it is full, every other frame is dropped and from then on half as many are taken, so at the
/// end between half and all of the places are filled.
public struct BackgroundSampler: Sendable {
  /// Most frames kept; less where they would take more than 128 MiB.
  public private(set) var capacity: Int
  /// The frames kept, at the working size of the detector.
  public private(set) var frames: [Image] = []

  private static let maximumBytes = 128 << 20
  private var stride = 1
  private var seen = 0

  /// Makes an empty sampler.
  ///
  /// 61 frames are enough that a median forgets people who walk by, and few enough to hold.
  public init(capacity: Int = 61) {
    precondition(
      (2...255).contains(capacity), "BackgroundSampler: capacity \(capacity) is not in 2…255")
    self.capacity = capacity
  }

  /// Offers the next frame of the clip.
  public mutating func append(_ image: Image) {
    defer { seen += 1 }
    guard seen.isMultiple(of: stride) else { return }
    let picture = StaticCameraDetector.workingImage(of: image)
    capacity = min(capacity, max(15, Self.maximumBytes / picture.pixels.count))
    while frames.count >= capacity {
      frames = frames.indices.filter { $0.isMultiple(of: 2) }.map { frames[$0] }
      stride *= 2
    }
    guard seen.isMultiple(of: stride) else { return }
    frames.append(picture)
  }
}
