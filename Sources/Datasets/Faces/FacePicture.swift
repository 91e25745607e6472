public import Images

/// One picture of a face: where its bytes are, whose face it is, and where its points lie.
public struct FacePicture: Sendable {
  /// Where the bytes of the picture are.
  enum Place: Sendable {
    case file
    case record(RecordFile, offset: Int)
    case bytes([UInt8])
  }

  /// The file, with the place inside it where one file holds many; tells pictures apart.
  public let path: String
  /// Number of the person; negative for pictures of nobody who is looked for.
  public var person: Int
  /// The five points, where the data tell them.
  public var landmarks: FaceLandmarks?
  let place: Place

  /// A picture in a file of its own.
  public init(path: String, person: Int, landmarks: FaceLandmarks? = nil) {
    self.init(path: path, person: person, landmarks: landmarks, place: .file)
  }

  init(path: String, person: Int, landmarks: FaceLandmarks? = nil, place: Place) {
    self.path = path
    self.person = person
    self.landmarks = landmarks
    self.place = place
  }

  /// Decodes the picture, at full size.
  ///
  /// - Throws: `ImageError`, or ``DatasetError/damagedFile(path:detail:)`` for a broken record.
  public func image() throws -> Image {
    switch place {
    case .file: try Image(contentsOf: fileURL(path))
    case .record(let file, let offset):
      try Image(decoding: try file.record(at: offset).picture, name: path)
    case .bytes(let bytes): try Image(decoding: bytes, name: path)
    }
  }
}
