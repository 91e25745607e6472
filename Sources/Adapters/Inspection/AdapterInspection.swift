import Gradients
import Layers
import Tensors

/// What an adapter did to a network's weights, looked at before they are merged.
public struct AdapterInspection: Sendable, CustomStringConvertible {
  /// Sites whose change is one of the weight, in the order of the network.
  public let sites: [SiteInspection]
  /// Sites whose change depends on the picture.
  public let skipped: [String]

  /// New strong directions of all sites together.
  public var intruderCount: Int { sites.reduce(0) { $0 + $1.intruders.count } }

  /// One line for each site: intruders, relative size, effective rank.
  public var description: String {
    let width = sites.reduce(4) { max($0, $1.path.count) }
    func line(_ path: String, _ cells: [String]) -> String {
      path + String(repeating: " ", count: width - path.count)
        + cells.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
    }
    var lines = [line("site", ["intruders", "size", "rank"])]
    lines += sites.map { line($0.path, $0.figures) }
    return lines.joined(separator: "\n")
  }

  /// One sentence: how many new strong directions, where.
  public var summary: String {
    let sites = sites.filter { !$0.intruders.isEmpty }
    let first = sites.max { $0.intruders.count < $1.intruders.count }
    var text =
      "Intruder dimensions: \(intruderCount) at \(sites.count) of \(self.sites.count) adapted weights"
    if let first { text += ", most at \(first.path) (\(first.intruders.count))" }
    if !skipped.isEmpty { text += "; \(skipped.count) sites change with the picture and have none" }
    return text
  }

  /// The summary, the table, and the sites left out, as a text file.
  public var report: String {
    var lines = [summary, "", description]
    if !skipped.isEmpty { lines += ["", "Not looked at: " + skipped.joined(separator: ", ")] }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension AdaptedNetwork {
  /// Looks at what an adapter would do to each weight if it were merged.
  ///
  /// A fused map is looked at in its parts. Takes a few thin decompositions of every adapted weight, and
  /// whole ones where these do not decide.
  ///
  /// - Parameter progress: called before each weight with those done and all; what it throws ends the
  ///   inspection.
  public func inspect(
    _ name: String, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> AdapterInspection {
    guard !isMerged else { throw AdapterError.merged }
    var (found, skipped) = ([SiteInspection](), [String]())
    let attached = try adapter(named: name).attached
    for (index, entry) in attached.enumerated() {
      try progress(index, attached.count)
      let base = entry.site.baseWeight
      guard
        let change = entry.adapter.weightChange(at: entry.site.geometry, of: Variable(base))
      else {
        skipped.append(entry.site.path)
        continue
      }
      let form = (entry.adapter as? any LowRankExpressible)?
        .lowRankForm(at: entry.site.geometry)
      let thin = entry.site.geometry.groups == 1 ? form : nil
      for (path, rows) in entry.site.looked {
        found.append(
          SiteInspection(
            path: path, base: base.rows(rows), change: change.value.rows(rows),
            thin: thin?.outputs(rows)))
      }
    }
    try progress(attached.count, attached.count)
    return AdapterInspection(sites: found, skipped: skipped)
  }

  /// Makes the intruders of an adapter of plain factors weaker, within its ranks.
  ///
  /// Keep the result only where the score on the old pictures rises and that of the task holds.
  /// - Parameter factor: what is left of an intruder's strength, 0…1.
  /// - Returns: paths of the sites that changed; sites of other methods stay as they are.
  public func soften(_ name: String, factor: Float = 0.75) throws(AdapterError) -> [String] {
    guard !isMerged else { throw .merged }
    var changed: [String] = []
    for entry in try adapter(named: name).attached {
      guard let factors = entry.adapter as? LowRankAdapter, entry.site.geometry.groups == 1,
        let change = factors.weightChange(
          at: entry.site.geometry, of: Variable(entry.site.baseWeight))?.value
      else { continue }
      let base = entry.site.baseWeight
      var (parts, hasIntruders) = ([Variable](), false)
      for (path, rows) in entry.site.looked {
        let (own, before) = (change.rows(rows), base.rows(rows))
        let inspection = SiteInspection(
          path: path, base: before, change: own,
          thin: factors.lowRankForm(at: entry.site.geometry)?.outputs(rows))
        if !inspection.intruders.isEmpty { hasIntruders = true }
        parts.append(Variable(inspection.softened(own, of: before, factor: factor)))
      }
      guard hasIntruders else { continue }
      factors.setProduct(
        Variable.concatenated(parts, axis: 0).value, at: entry.site.geometry)
      changed.append(entry.site.path)
    }
    return changed
  }
}

extension AdapterSite {
  /// The rows of the weight that are one map each: those of the parts of a fused map, else all.
  fileprivate var looked: [(path: String, rows: Range<Int>)] {
    guard part == nil, !layer.parts.isEmpty else { return [(path, 0..<geometry.outputs)] }
    return layer.parts.compactMap { name in
      layer.outputs(ofPart: name).map { ("\(path)[\(name)]", $0) }
    }
  }
}

extension LowRankAdapter {
  /// Takes the best factors of its rank for a change: `s B A ≈ change`, both equally long.
  func setProduct(_ change: Tensor, at site: SiteGeometry) {
    let rank = down.value.shape[0]
    let parts = SingularValues(of: change, rank: rank)
    let roots = parts.values.map { ($0 / scale).squareRoot() }
    let found = parts.values.count
    // A weight may have fewer components than the rank; the rest is zero.
    var newDown = Tensor(zeros: [rank, site.columns])
    let rows = parts.right.scalingRows(by: roots).values
    newDown.withMutablePointer { target in
      for index in rows.indices { target[index] = rows[index] }
    }
    var newUp = Tensor(zeros: [site.outputs, rank])
    let left = parts.left.values
    newUp.withMutablePointer { target in
      for row in 0..<site.outputs {
        for column in 0..<found {
          target[row * rank + column] = left[row * found + column] * roots[column]
        }
      }
    }
    down.value = newDown.reshaped(down.value.shape)
    up.value = newUp
  }
}
