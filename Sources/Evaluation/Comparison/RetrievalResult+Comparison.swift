import Datasets
import Metrics

extension RetrievalResult {
  /// Compares the average precision and the first hit of every query with another model's.
  public func comparisons(with baseline: RetrievalResult) -> [ModelComparison] {
    [
      compared("mAP", with: baseline) { $0.averagePrecision },
      compared("rank-1", with: baseline) { $0.matchRanks.first == 1 ? 1 : 0 },
    ].compactMap(\.self)
  }

  private func compared(
    _ metric: String, with baseline: RetrievalResult, value: (QueryScore) -> Double
  ) -> ModelComparison? {
    ModelComparison(
      metric, model: model.reference, baseline: baseline.model.reference,
      first: baseline.items(value), second: items(value), groupName: "persons",
      seed: settings.seed)
  }

  private func items(_ value: (QueryScore) -> Double) -> [ScoredItem] {
    scores.perQuery.filter(\.isValid).map {
      ScoredItem(key: query[$0.query].path, group: String($0.person), value: value($0))
    }
  }
}
