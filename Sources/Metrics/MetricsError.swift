/// What can be wrong with the data given to a score.
public enum MetricsError: Error, Sendable, CustomStringConvertible {
  /// A feature of an image is NaN or infinite.
  case notFinite(set: String, image: Int)
  /// A set that must hold images holds none.
  case empty(set: String)
  /// Pairs of one kind are missing.
  case noPairs(kind: String)
  /// The protocol looks at cameras, but the images carry none.
  case noCameras(rule: RetrievalProtocol)
  /// No query has a match in the gallery.
  case noValidQueries(
    queries: Int, queryPersons: Int, galleryPersons: Int, sharedPersons: Int, cameras: Int)

  /// What, where, why, and what to do, in one sentence.
  public var description: String {
    switch self {
    case .notFinite(let set, let image):
      return "Cannot score: image \(image) of the \(set) has a feature that is NaN or infinite; "
        + "use an earlier checkpoint, or look whether this image is broken."
    case .empty(let set):
      return "Cannot score: the \(set) holds no images; check the folder given for it."
    case .noPairs(let kind):
      return "Cannot score: there are no \(kind) pairs, or none in one of the folds; pairs of one "
        + "person and of two persons are both needed."
    case .noCameras(let rule):
      return "Cannot score by the \(rule.rawValue) protocol: the images carry no camera numbers; "
        + "put them into the file names (c1, c2 …) or use the protocol "
        + "\(RetrievalProtocol.withoutCameras.rawValue)."
    case .noValidQueries(let queries, let persons, let gallery, let shared, let cameras):
      let reason =
        shared == 0
        ? "the \(persons) persons of the queries and the \(gallery) of the gallery have no one in "
          + "common, so check that both folders number persons alike"
        : "\(shared) persons are in both, but only on the same camera (\(cameras) camera\(cameras == 1 ? "" : "s") found), "
          + "so check the camera numbers or use the protocol "
          + "\(RetrievalProtocol.withoutCameras.rawValue)"
      return "Cannot score: none of the \(queries) queries has a match in the gallery; \(reason)."
    }
  }
}
