import Metrics

extension FaceResult {
  /// Compares the accuracy of every fold, and the first hit of every probe, with another model's, at each
  /// resolution that both have.
  public func comparisons(with baseline: FaceResult) -> [ModelComparison] {
    scores.flatMap { own -> [ModelComparison] in
      guard let other = baseline.scores.first(where: { $0.rows == own.rows }) else { return [] }
      let suffix = own.rows.map { ", \($0) rows" } ?? ""
      return [
        compared(
          "accuracy" + suffix, with: baseline, first: other.foldItems, second: own.foldItems,
          groupName: "folds"),
        compared(
          "rank-1" + suffix, with: baseline, first: other.firstHits, second: own.firstHits,
          groupName: "persons"),
      ].compactMap(\.self)
    }
  }

  private func compared(
    _ metric: String, with baseline: FaceResult, first: [ScoredItem], second: [ScoredItem],
    groupName: String
  ) -> ModelComparison? {
    ModelComparison(
      metric, model: model.reference, baseline: baseline.model.reference, first: first,
      second: second, groupName: groupName, seed: settings.seed)
  }
}

extension FaceScores {
  /// The accuracy of each fold.
  var foldItems: [ScoredItem] {
    (verification?.foldAccuracies ?? []).enumerated().map {
      ScoredItem(key: String($0.offset), group: String($0.offset), value: $0.element)
    }
  }
}
