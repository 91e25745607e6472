import Datasets
import Foundation
import Images
import Metrics
public import Reports

/// Pictures of how a model ranks a gallery.
public enum RetrievalPictures {
  /// The queries with the lowest average precision, each with its nearest gallery pictures.
  ///
  /// - Returns: nil where no query counts.
  public static func hardest(_ result: RetrievalResult, limit: Int = 10) -> ContactSheet? {
    let order = sorted(result)
    var sheet = sheet(result, Array(order.prefix(limit)))
    sheet?.title = "Ranked retrieval: \(min(limit, order.count)) hardest of \(order.count) queries"
    return sheet
  }

  /// Queries from the hardest to the easiest in even steps: what is usual.
  ///
  /// - Returns: nil where all queries are already among the hardest.
  public static func typical(_ result: RetrievalResult, limit: Int = 6) -> ContactSheet? {
    let order = sorted(result)
    guard order.count > limit else { return nil }
    let places = (0..<limit).map { $0 * (order.count - 1) / (limit - 1) }
    var sheet = sheet(result, places.map { order[$0] })
    sheet?.title =
      "Ranked retrieval: \(limit) of \(order.count) queries in even steps, hardest first"
    return sheet
  }

  /// Shares of genuine and impostor pairs by distance.
  public static func distances(_ result: RetrievalResult) -> LineChart? {
    guard let verification = result.scores.verification else { return nil }
    let groups = [
      ("same person (\(verification.genuinePairs) pairs)", verification.genuineHistogram),
      ("other persons (\(verification.impostorPairs) pairs)", verification.impostorHistogram),
    ]
    let step = verification.histogramLimit / Double(verification.genuineHistogram.count)
    let used = groups.flatMap { group in group.1.indices.filter { group.1[$0] > 0 } }
    guard let first = used.min(), let last = used.max() else { return nil }
    // One empty step on each side closes the curves.
    let range = max(first - 1, 0)...min(last + 1, verification.genuineHistogram.count - 1)
    let kind = result.settings.reranking == nil ? "cosine distance" : "re-ranked distance"
    return LineChart(
      title: "Distances of genuine and impostor pairs", subtitle: result.model.reference,
      horizontal: ChartAxis(kind), vertical: ChartAxis("share of the pairs (%)"),
      series: groups.map { name, shares in
        .init(
          name,
          points: range.map { .init(x: (Double($0) + 0.5) * step, y: 100 * shares[$0]) })
      })
  }

  /// Share of queries with a match among the first images, for several models.
  public static func cumulativeMatch(_ results: [RetrievalResult]) -> LineChart {
    LineChart(
      title: "Cumulative match", subtitle: results.first?.settings.rule.rawValue,
      horizontal: ChartAxis("rank"),
      vertical: ChartAxis("queries with a match (%)", range: 0...100),
      series: results.map { result in
        let shown = result.scores.cumulativeMatch.prefix(max(result.scores.gallery, 2))
        return .init(
          result.model.reference,
          points: shown.enumerated().map { .init(x: Double($0.offset + 1), y: 100 * $0.element) })
      })
  }

  /// Valid queries by rising average precision; equal ones in their order.
  private static func sorted(_ result: RetrievalResult) -> [QueryScore] {
    result.scores.perQuery.filter(\.isValid).sorted {
      ($0.averagePrecision, $0.query) < ($1.averagePrecision, $1.query)
    }
  }

  private static func sheet(_ result: RetrievalResult, _ scores: [QueryScore]) -> ContactSheet? {
    let queries = scores.compactMap { score -> RankedQuery? in
      let image = result.query[score.query]
      guard let picture = picture(image.path) else { return nil }
      let hits = shown(score.ranking).compactMap { ranked -> RankedQuery.Hit? in
        let found = result.gallery[ranked.gallery]
        guard let picture = self.picture(found.path) else { return nil }
        return RankedQuery.Hit(
          image: picture, distance: Double(ranked.distance),
          verdict: ranked.isRemoved ? .notCounted : ranked.isCorrect ? .correct : .wrong,
          source: label(found, result, isShort: true))
      }
      return RankedQuery(
        query: picture, source: label(image, result, isShort: false),
        averagePrecision: score.averagePrecision, hits: hits)
    }
    guard !queries.isEmpty else { return nil }
    let reranking = result.settings.reranking == nil ? "" : ", re-ranked"
    return .rankedRetrieval(
      queries, limit: queries.count,
      protocolText: "Protocol \(result.settings.rule.rawValue)\(reranking); "
        + "model \(result.model.reference). At most \(removedLimit) not counted ones are shown.")
  }

  /// Removed pictures shown for a query: often many stand before the first one that counts.
  private static let removedLimit = 2

  /// The first ten of a list in which only the nearest removed pictures are kept.
  private static func shown(_ ranking: [RankedImage]) -> [RankedImage] {
    var removed = 0
    return Array(
      ranking.filter { image in
        if image.isRemoved { removed += 1 }
        return !image.isRemoved || removed <= removedLimit
      }.prefix(10))
  }

  private static func picture(_ path: String) -> Image? {
    try? Image(contentsOf: URL(fileURLWithPath: path), minimumWidth: 76, minimumHeight: 152)
  }

  private static func label(
    _ image: LabelledImage, _ result: RetrievalResult, isShort: Bool
  ) -> String {
    let person = result.personNames[image.person] ?? String(image.person)
    let camera = image.camera.map { isShort ? " c\($0)" : ", camera \($0)" } ?? ""
    return isShort
      ? person + camera : "\((image.path as NSString).lastPathComponent), person \(person)\(camera)"
  }
}
