public import Datasets
import Metrics

/// Query against gallery: features of both, distances, scores.
public struct RetrievalEvaluation: Sendable {
  /// The pictures and their persons.
  public let folder: PersonFolder
  /// How they are scored.
  public let settings: RetrievalSettings

  /// Checks that the data can be scored by the protocol.
  ///
  /// - Throws: `DatasetError.notEvaluable` with the likely mistake,
  ///   ``EvaluationError/camerasUnknown(rule:path:count:first:)`` where the protocol lacks cameras.
  public init(_ folder: PersonFolder, settings: RetrievalSettings) throws {
    self.folder = folder
    self.settings = settings
    try folder.requireEvaluable(ignoringCameras: !settings.rule.needsCameras)
    let unknown = (folder.query + folder.gallery).filter { $0.camera == nil }
    if settings.rule.needsCameras, let first = unknown.first {
      throw EvaluationError.camerasUnknown(
        rule: settings.rule.rawValue, path: folder.path, count: unknown.count, first: first.path)
    }
  }

  /// Pictures whose features are needed: query, then gallery.
  public var paths: [String] { (folder.query + folder.gallery).map(\.path) }

  /// Scores a model.
  ///
  /// - Parameters:
  ///   - extractor: the model.
  ///   - progress: called with the number of pictures of each finished batch.
  /// - Throws: ``EvaluationError`` or `MetricsError`.
  public func result(
    of extractor: FeatureExtractor, progress: (Int) -> Void = { _ in }
  ) throws -> RetrievalResult {
    let start = ContinuousClock.now
    let matrix = try extractor.features(
      of: paths, cameras: (folder.query + folder.gallery).map(\.camera), flip: settings.flip,
      progress: progress)
    let queryCount = matrix.kept.count { $0 < folder.query.count }
    let query = matrix.kept[..<queryCount].map { folder.query[$0] }
    let gallery = matrix.kept[queryCount...].map { folder.gallery[$0 - folder.query.count] }
    for (images, name, all) in [
      (query, "query", folder.query), (gallery, "gallery", folder.gallery),
    ] where images.isEmpty {
      let paths = Set(all.map(\.path))
      let first = matrix.skipped.first { paths.contains($0.path) }
      throw EvaluationError.nothingReadable(
        set: name, count: all.count, path: first?.path ?? folder.path, reason: first?.reason ?? "")
    }
    let scores = try scores(matrix, query: query, gallery: gallery)
    return RetrievalResult(
      model: RetrievalResult.Model(extractor), data: DataSummary(folder), settings: settings,
      scores: scores, query: query, gallery: gallery, personNames: folder.personNames,
      features: matrix, skipped: folder.skipped + matrix.skipped,
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  private func scores(
    _ matrix: FeatureMatrix, query: [LabelledImage], gallery: [LabelledImage]
  ) throws -> RetrievalScores {
    let options = RetrievalOptions(
      rule: settings.rule, rankedImages: settings.rankedImages,
      seed: UInt64(settings.seed), verification: true)
    let queryKeys = Array(matrix.pictureKeys[..<query.count])
    let galleryKeys = Array(matrix.pictureKeys[query.count...])
    let queryLabels = labels(query, keys: queryKeys)
    let galleryLabels = labels(gallery, keys: galleryKeys)
    var queryFeatures = matrix.rows(0..<query.count)
    var galleryFeatures = matrix.rows(query.count..<matrix.count)
    // Features change before distances do: cameras first, so that neighbours are persons' and not cameras'.
    if settings.rule == .cameraCentred, let queryCameras = queryLabels.cameras,
      let galleryCameras = galleryLabels.cameras
    {
      (queryFeatures, galleryFeatures) = try cameraCentred(
        query: queryFeatures, queryCameras: queryCameras, gallery: galleryFeatures,
        galleryCameras: galleryCameras, width: matrix.width)
    }
    if let expansion = settings.expansion {
      (queryFeatures, galleryFeatures) = try expansion.expanded(
        query: queryFeatures, gallery: galleryFeatures, width: matrix.width)
    }
    guard let configuration = settings.reranking else {
      return try scoreRetrieval(
        CosineDistances(query: queryFeatures, gallery: galleryFeatures, width: matrix.width),
        query: queryLabels, gallery: galleryLabels, options: options)
    }
    let distances = try KReciprocalReranking(
      query: queryFeatures, gallery: galleryFeatures, width: matrix.width,
      configuration: configuration)
    var scores = try scoreRetrieval(
      distances, query: queryLabels, gallery: galleryLabels, options: options)
    // A re-ranked distance depends on the whole test set: no threshold on it holds elsewhere.
    scores.verification?.operatingPoints = []
    return scores
  }

  private func labels(_ images: [LabelledImage], keys: [String]) -> RetrievalLabels {
    let cameras = images.compactMap(\.camera)
    return RetrievalLabels(
      persons: images.map(\.person), cameras: cameras.count == images.count ? cameras : nil,
      imageKeys: keys)
  }
}
