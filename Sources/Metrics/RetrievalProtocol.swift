/// Which gallery images a query is ranked against, and whether features are corrected by camera.
public enum RetrievalProtocol: String, Sendable, Hashable, Codable, CaseIterable {
  /// Gallery images of the query's person from the query's camera are removed: the benchmark rule.
  case crossCamera = "cross-camera"
  /// As ``crossCamera``, with each camera's mean removed from its features first. Uses camera
  /// numbers of the test images, but no person labels; not comparable with ``crossCamera``.
  case cameraCentred = "camera-centred"
  /// Only the query image itself is removed; not comparable with benchmark numbers.
  case withoutCameras = "no-camera"

  /// Whether images must carry camera numbers.
  public var needsCameras: Bool { self != .withoutCameras }
}
