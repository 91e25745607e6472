import Tasks

extension RestorationResult {
  /// Compares PSNR and structural similarity of every picture with another method's.
  public func comparisons(with baseline: RestorationResult) -> [ModelComparison] {
    [
      compared("PSNR", with: baseline, unit: "dB") { $0.psnr },
      compared("SSIM", with: baseline, unit: "") { $0.ssim },
    ].compactMap(\.self)
  }

  private func compared(
    _ metric: String, with baseline: RestorationResult, unit: String, value: (Row) -> Double
  ) -> ModelComparison? {
    let groups = Self.groups(of: rows.map(\.name))
    func items(_ rows: [Row]) -> [ScoredItem] {
      rows.filter { value($0).isFinite }.map {
        ScoredItem(key: $0.name, group: groups.of($0.name), value: value($0))
      }
    }
    return ModelComparison(
      metric, model: reference, baseline: baseline.reference, first: items(baseline.rows),
      second: items(rows), groupName: groups.name, unit: unit, seed: 0)
  }

  /// What varies as a whole: pictures, or where they all lie in one of several folders, such as the tiles
  /// of a photograph, those folders.
  static func groups(of names: [String]) -> (name: String, of: (String) -> String) {
    guard RestorationData.areFolders(names) else { return ("pictures", { $0 }) }
    return ("folders of pictures", { RestorationData.folder(of: $0) ?? $0 })
  }
}
