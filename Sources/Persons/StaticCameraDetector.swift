import CVision
public import Images

/// Finds people who walk before a camera that stands still, by plain arithmetic and without weights.
///
/// The background is the median of frames spread over the clip. Pixels that differ from it in CIELAB
/// are cleaned by morphology and joined to blobs, and blobs of the size and shape of one person are
/// kept. Two stages are open to callers who hold a whole clip: ``candidates(in:)`` for every frame,
/// then ``fitHeights(to:)``, then ``isPerson(_:)``. The initializer already fits the heights to the
/// background frames, so ``boxes(in:)`` alone works on a stream.
///
/// The numbers are made for frames of 576 rows and scale with the height; frames taller than 720 rows
/// are shrunk. When the candidates of a clip agree on no height by place, they are not people, and
/// there are no boxes. People who merge into one blob, and people in front of
/// something of their own colour, are missed.
///
/// **Source**: background subtraction by temporal median, Cucchiara, Grana, Piccardi, Prati,
/// Detecting Moving Objects, Ghosts, and Shadows in Video Streams, TPAMI 2003; thresholds are this
/// project's own, measured on street footage.
///
/// ```swift
/// let detector = try StaticCameraDetector(backgroundFrom: sampler.frames)
/// guard !detector.movingCamera else { return }
/// let boxes = detector.boxes(in: frame)
/// ```
public struct StaticCameraDetector: Sendable {
  /// Limits of the detector.
  public let settings: Settings
  /// Median part of the picture that differs from the background, 0…1.
  public let foregroundShare: Double
  /// Median part of the picture's tiles that hold foreground, 0…1; motion of the camera lights up
  /// edges everywhere, people do not.
  public let activeTileShare: Double
  /// Part of the picture that differs in the frame at the ninth decile, 0…1.
  public let highForegroundShare: Double
  /// Height of a person by place, if enough candidates were seen and agree.
  public private(set) var heightModel: HeightModel?
  /// Whether there were enough candidates to learn the heights from, but they do not agree.
  public private(set) var heightsDisagree: Bool

  private let background: BackgroundModel
  private let opening: StructuringElement
  private let closing: StructuringElement
  private let scale: Double

  /// Learns the background from frames of one size, spread over the clip; about 61 are enough.
  ///
  /// - Throws: ``DetectionError/noFrames`` or ``DetectionError/mixedSizes(width:height:otherWidth:otherHeight:)``.
  public init(
    backgroundFrom frames: [Image], settings: Settings = Settings()
  ) throws(DetectionError) {
    let pictures = frames.map(Self.workingImage)
    background = try BackgroundModel(medianOf: pictures)
    self.settings = settings
    scale = Double(background.height) / Double(Self.referenceHeight)
    opening = .square(side: settings.openingSide)
    closing = .ellipse(
      width: Self.odd(Double(settings.closingWidth) * scale),
      height: Self.odd(Double(settings.closingHeight) * scale))

    var shares: [Double] = []
    var tileShares: [Double] = []
    var boxes: [Rectangle] = []
    for picture in pictures {
      let mask = Self.openedForeground(of: picture, background, settings, opening)
      shares.append(Double(mask.count) / Double(mask.width * mask.height))
      tileShares.append(mask.activeTileShare(threshold: settings.tileThreshold))
      boxes += Self.persons(in: mask, closing, settings, scale)
    }
    foregroundShare = Self.quantile(0.5, of: shares)
    activeTileShare = Self.quantile(0.5, of: tileShares)
    highForegroundShare = Self.quantile(0.9, of: shares)
    heightModel = HeightModel(fitting: boxes, gate: settings.heightGate)
    heightsDisagree = heightModel == nil && boxes.count >= HeightModel.minimumBoxes
  }

  /// Whether the picture changes in too many places for a camera that stands still, because it moves
  /// or because the clip is cut together from several views.
  public var movingCamera: Bool {
    foregroundShare > settings.maximumForegroundShare
      || highForegroundShare > settings.maximumHighForegroundShare
      || activeTileShare > settings.maximumActiveTileShare
  }

  /// Throws the sentence that refuses a moving camera.
  ///
  /// - Throws: ``DetectionError/movingCamera(share:)``.
  public func requireStaticCamera() throws(DetectionError) {
    if movingCamera { throw .movingCamera(share: max(foregroundShare, highForegroundShare)) }
  }

  /// The people in a frame, in pixels of the frame.
  public func boxes(in frame: Image) -> [PersonBox] {
    candidates(in: frame).filter { isPerson($0, frameHeight: frame.height) }
  }

  /// Stage one: blobs of a person's size and shape, in pixels of the frame.
  ///
  /// A frame of another size than the background has none, since the picture size changed on the
  /// way; nor has a frame that differs almost everywhere, by a cut or a change of light.
  public func candidates(in frame: Image) -> [PersonBox] {
    let picture = Self.workingImage(of: frame)
    guard picture.width == background.width, picture.height == background.height else { return [] }
    let mask = Self.openedForeground(of: picture, background, settings, opening)
    let share = Double(mask.count) / Double(mask.width * mask.height)
    guard share <= settings.maximumHighForegroundShare else { return [] }
    let factor = self.factor(frameHeight: frame.height)
    return Self.persons(in: mask, closing, settings, scale).map {
      PersonBox(rectangle: $0.scaled(by: factor))
    }
  }

  /// Fits the heights anew, to the candidates of a whole clip with frames of `frameHeight` rows.
  public mutating func fitHeights(to candidates: [PersonBox], frameHeight: Int) {
    let factor = 1 / factor(frameHeight: frameHeight)
    heightModel = HeightModel(
      fitting: candidates.map { $0.rectangle.scaled(by: factor) }, gate: settings.heightGate)
    heightsDisagree = heightModel == nil && candidates.count >= HeightModel.minimumBoxes
  }

  /// Stage two: whether a candidate has the height of a person at its place and is not a group.
  public func isPerson(_ candidate: PersonBox, frameHeight: Int) -> Bool {
    let rectangle = candidate.rectangle.scaled(by: 1 / factor(frameHeight: frameHeight))
    guard !heightsDisagree, rectangle.width < settings.groupWidth * rectangle.height else {
      return false
    }
    return heightModel?.accepts(rectangle) ?? true
  }

  // MARK: Working size

  /// Rows for which the limits are made.
  static let referenceHeight = 576
  /// Most rows that are searched.
  static let maximumHeight = 720

  /// The frame at the size the detector works at: shrunk by a whole factor to at most 720 rows.
  public static func workingImage(of frame: Image) -> Image {
    let factor = min(
      (frame.height + maximumHeight - 1) / maximumHeight, frame.width,
      Int(CVISION_MAXIMUM_SHRINK))
    guard factor > 1 else { return frame }
    let width = frame.width / factor
    let height = frame.height / factor
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    withUnsafeTemporaryAllocation(of: UInt16.self, capacity: frame.width * 3) { sums in
      cvision_shrink(
        frame.pixels, frame.width, frame.height, factor, sums.baseAddress, &pixels)
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// Frame pixels per working pixel; rows cut off in shrinking do not count.
  private func factor(frameHeight: Int) -> Double {
    let exact = Double(frameHeight) / Double(background.height)
    return exact > 1 ? exact.rounded(.down) : exact
  }

  private static func openedForeground(
    of picture: Image, _ background: BackgroundModel, _ settings: Settings,
    _ opening: StructuringElement
  ) -> BitMask {
    background.foreground(
      of: picture, lightnessLimit: settings.lightnessLimit, colourLimit: settings.colourLimit
    ).opened(by: opening)
  }

  private static func persons(
    in mask: BitMask, _ closing: StructuringElement, _ settings: Settings, _ scale: Double
  ) -> [Rectangle] {
    mask.closed(by: closing).blobs().filter { settings.accepts($0, scale: scale) }.map {
      Rectangle(
        left: Double($0.left), top: Double($0.top), width: Double($0.width),
        height: Double($0.height))
    }
  }

  private static func odd(_ value: Double) -> Int {
    max(1, Int((value - 1) / 2 + 0.5) * 2 + 1)
  }

  private static func quantile(_ part: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted[Int((part * Double(sorted.count - 1)).rounded())]
  }
}

extension Rectangle {
  fileprivate func scaled(by factor: Double) -> Rectangle {
    Rectangle(
      left: left * factor, top: top * factor, width: width * factor, height: height * factor)
  }
}
