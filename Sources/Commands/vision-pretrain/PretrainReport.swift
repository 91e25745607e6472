import Backbones
import CommandSupport
import Datasets
import Foundation
import Metrics
import Pretraining
import Recipes
import Reports
import Training

/// Pictures, `pairs.csv` and `report.html` of a finished run.
struct PretrainReport {
  /// Figures for the result.
  struct Summary {
    var simmimLoss: Double?
    var isrLoss: Double?
    var precision: Double?
    var mining: [String: MiningScores]?
    var masked: MaskedLosses?
    var files: [FileCounts] = []
  }

  let folder: RunFolder
  let job: PretrainJob
  let outcomes: [VideoOutcome]
  let trainer: PretrainingTrainer
  let source: CropSource
  let preprocessing: Preprocessing
  let state: PretrainingState
  let command: String

  func write(log: RunLog) throws -> Summary {
    let rows = try MetricsCSV.rows(of: folder.metrics)
    var summary = Summary()
    summary.simmimLoss = Self.lateMean(rows, "loss.simmim")
    summary.isrLoss = Self.lateMean(rows, "loss.isr")
    summary.precision = Self.lateMean(rows, "precision")
    var curves = Self.curves(rows, objective: job.recipe.schedule.objective)
    curves.blocks.insert(contentsOf: state.alarms.map { .note($0) }, at: 0)
    var sections = [curves]
    let inspector = PretrainingInspector(
      model: trainer.model, source: source, recipe: job.recipe, preprocessing: preprocessing)
    if job.recipe.report.pictures { try folder.makePictures() }
    let fillings = FillingFigures(folder: folder, inspector: inspector)
    let objective = job.recipe.schedule.objective
    if objective.includesMasking { summary.masked = try fillings.losses() }
    let sample = job.recipe.isr.sampledPairs
    try trainer.withBestWeights {
      if objective.includesPairs {
        let pairs = try inspector.pairs(limit: sample)
        try folder.write(
          ([InspectedPair.header] + pairs.map(\.line)).joined(separator: "\n") + "\n",
          to: folder.pairs)
        log.notice(
          "pairs.csv: \(counted(pairs.count, "pair")) that the trained network matches in a sample of at "
            + "most \(counted(sample, "frame pair"))")
        if job.recipe.report.pictures { sections.append(try pairSection(pairs)) }
        if let comparison = try inspector.miningComparison(of: pairs, limit: sample) {
          summary.mining = Dictionary(
            uniqueKeysWithValues: comparison.rows.map { ($0.name, $0.scores) })
          sections.append(Self.miningSection(comparison))
        }
      }
      guard job.recipe.report.pictures else { return }
      if objective.includesMasking, let section = try fillings.section() {
        sections.append(section)
      }
      sections.append(try likenessSection(inspector))
    }
    summary.files = outcomes.map { outcome in
      FileCounts(
        outcome,
        pairs: objective.includesPairs ? state.pairsByVideo[outcome.name] ?? 0 : nil)
    }
    sections.append(Self.videoSection(summary.files))
    if objective.includesPairs { log.notice(Self.pairs(of: summary.files)) }
    if job.recipe.report.pictures {
      for (name, chart) in zip(["losses", "pairs"], Self.charts(rows)) {
        try folder.write(
          chart.svg(), to: folder.pictures.appendingPathComponent("\(name).svg"))
      }
    }
    let finished = outcomes.filter { $0.skippedReason == nil }
    try HTMLReport(
      title: "Pretraining report",
      subtitle:
        "\(job.recipe.model.backbone) · objective \(job.recipe.schedule.objective.rawValue)",
      keyFigures: keyFigures(summary, finished: finished.count), protocolText: protocolText,
      sections: sections, command: command, recipe: job.recipe.yaml(),
      skipped: outcomes.compactMap { outcome in
        outcome.skippedReason.map { .init(path: outcome.path, reason: $0) }
      }
    ).write(to: folder.report)
    return summary
  }

  private var protocolText: String {
    "Seed \(job.recipe.seed), \(counted(job.threads, "thread")), \(counted(state.step, "step")). Losses are means over "
      + "the last fifth of their stage. No labels were used."
      + (source.store.records.first?.identity == nil
        ? "" : " Identities of the sidecar files were used only to judge the pairs.")
  }

  /// Mean of the last fifth of the rows that have a value.
  private static func lateMean(_ rows: [MetricsRow], _ column: String) -> Double? {
    let values = rows.compactMap { $0.values[column] }
    guard !values.isEmpty else { return nil }
    let late = values.suffix(max(values.count / 5, 1))
    return late.reduce(0, +) / Double(late.count)
  }

  private func keyFigures(_ summary: Summary, finished: Int) -> [HTMLReport.KeyFigure] {
    func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    var figures: [HTMLReport.KeyFigure] = [
      .init("Videos", String(finished), note: "\(outcomes.count - finished) skipped"),
      .init("Crops", String(source.store.count)),
      .init("Steps", String(state.step), note: "\(state.images) images"),
      .init(
        "Rate", String(Int(state.imagesPerSecond.rounded())),
        unit: "images/s"),
    ]
    if let loss = summary.simmimLoss { figures.append(.init("SimMIM loss", text(loss))) }
    if let masked = summary.masked {
      figures.append(
        .init(
          masked.heldOut == nil ? "SimMIM loss at its end" : "SimMIM loss, held out",
          text(masked.network), note: "mean colour \(text(masked.meanColour))"))
    }
    if let loss = summary.isrLoss { figures.append(.init("Pair loss", text(loss))) }
    if let precision = summary.precision {
      figures.append(.init("Match precision", text(precision), note: "against known identities"))
    }
    return figures
  }

  private static func charts(_ rows: [MetricsRow]) -> [LineChart] {
    func series(_ names: [(String, String)]) -> [LineChart.Series] {
      names.map { LineChart.Series($0.1, rows: rows, column: $0.0) }.filter { !$0.points.isEmpty }
    }
    var charts = [
      LineChart(
        title: "Losses", horizontal: ChartAxis("step"), vertical: ChartAxis("loss"),
        series: series([
          ("loss.simmim", "masked patches"), ("loss.isr", "pairs, weighted"),
          ("contrast", "pairs, unweighted"),
        ]),
        smoothing: 0.8)
    ]
    let pairs = series([
      ("probability", "partner's probability"), ("precision", "match precision"),
      ("possible", "best possible precision"), ("spread", "embedding spread"),
    ])
    if !pairs.isEmpty {
      charts.append(
        LineChart(
          title: "Pairs", horizontal: ChartAxis("step"), vertical: ChartAxis("share, 0 to 1"),
          series: pairs, smoothing: 0.8))
    }
    return charts
  }

  private static func curves(
    _ rows: [MetricsRow], objective: ScheduleSettings.Objective
  ) -> HTMLReport.Section {
    HTMLReport.Section(
      "Training",
      blocks: charts(rows).map { chart in
        .figure(
          .init(
            .chart(chart), caption: chart.title,
            lookFor: chart.title == "Losses"
              ? "The loss of masked patches and the unweighted loss of pairs should fall and level "
                + "off. The weighted loss of pairs may rise first: it grows while more pairs become "
                + "reliable enough to count."
              : "The partner's probability should rise; a spread near 0 means that all crops look "
                + "alike to the network."))
      })
  }

  private func pairSection(_ pairs: [InspectedPair]) throws -> HTMLReport.Section {
    let ordered = pairs.sorted { $0.reliability > $1.reliability }
    // Pictures are read only for the pairs that the sheet shows: top, middle and bottom.
    let shown = Self.spread(ordered, limit: 36)
    let sheet = ContactSheet.minedPairs(
      try shown.map { pair in
        PairPicture(
          first: try source.image(at: pair.firstCrop),
          second: try source.image(at: pair.secondCrop), reliability: pair.reliability,
          secondsApart: pair.gap, source: nil, isCorrect: pair.isSamePerson)
      }, of: pairs.count)
    try sheet.write(to: folder.pictures.appendingPathComponent("pairs.png"))
    var chart = Histogram(
      title: "Reliability of the mined pairs", horizontal: ChartAxis("probability of the partner"),
      groups: [.init("pairs", values: pairs.map(\.reliability))])
    let known = pairs.filter { $0.isSamePerson != nil }
    if !known.isEmpty {
      chart.groups = [
        .init("same person", values: known.filter { $0.isSamePerson == true }.map(\.reliability)),
        .init("other person", values: known.filter { $0.isSamePerson == false }.map(\.reliability)),
      ]
    }
    return HTMLReport.Section(
      "Mined pairs",
      blocks: [
        .figure(
          .init(
            try .sheet(sheet),
            caption:
              "Pairs matched by the trained network in a sample of the footage, by reliability.",
            lookFor: "Both halves should show one person; wrong pairs should stand at the end.")),
        .figure(
          .init(
            .chart(chart),
            caption:
              "All \(pairs.count) pairs of the sample by how sure the network is of the partner.",
            lookFor: "Reliable pairs lie at the right.")),
      ])
  }

  private static func miningSection(_ comparison: MiningComparison) -> HTMLReport.Section {
    func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    var table = TextTable(
      columns: [
        .init("pairs"), .init("number", .right), .init("precision", .right),
        .init("share of possible", .right), .init("persons covered", .right),
      ])
    for row in comparison.rows {
      table.append([
        row.name, String(row.scores.judged), text(row.scores.precision),
        row.scores.shareOfPossible.map(text) ?? "", text(row.scores.coverage),
      ])
    }
    return HTMLReport.Section(
      "Pairs against known identities",
      blocks: [
        .table(table),
        .text(
          "All three pair the crops of the same frames, a sample of the footage. Precision: share of pairs that show one "
            + "person. Share of possible: right pairs over those a perfect matcher would find. "
            + "Covered: share of the persons with at least one right pair."),
      ])
  }

  private static func spread(_ pairs: [InspectedPair], limit: Int) -> [InspectedPair] {
    guard pairs.count > limit else { return pairs }
    let third = limit / 3
    let middle = (pairs.count - third) / 2
    return Array(pairs.prefix(third)) + Array(pairs[middle..<middle + third])
      + Array(pairs.suffix(third))
  }

  private func likenessSection(_ inspector: PretrainingInspector) throws -> HTMLReport.Section {
    let records = source.store.records
    let sheet = ContactSheet.nearestNeighbours(
      try inspector.likenesses().map { likeness in
        let own = records[likeness.anchor]
        return Neighbourhood(
          anchor: try source.image(at: likeness.anchor), source: nil,
          neighbours: try likeness.neighbours.map { neighbour in
            let other = records[neighbour.crop]
            var same: Bool?
            if let left = own.identity, let right = other.identity { same = left == right }
            return .init(
              image: try source.image(at: neighbour.crop), similarity: neighbour.similarity,
              source: nil, isCorrect: same)
          })
      })
    try sheet.write(to: folder.pictures.appendingPathComponent("neighbours.png"))
    return HTMLReport.Section(
      "Nearest neighbours",
      blocks: [
        .figure(
          .init(
            try .sheet(sheet),
            caption: "Crops most like an anchor by pooled features; crops of the same video within "
              + "two seconds are left out.",
            lookFor: "The same person, or at least the same clothing, should come first."))
      ])
  }

  /// The pairs that each video gave in training, in one line.
  private static func pairs(of files: [FileCounts]) -> String {
    let used = files.filter { $0.pairs != nil }
    let shown = 20
    return "Pairs by video: "
      + used.prefix(shown).map { "\($0.name) \($0.pairs ?? 0)" }.joined(separator: ", ")
      + (used.count > shown ? " and \(used.count - shown) more, see the report" : "")
  }

  private static func videoSection(_ files: [FileCounts]) -> HTMLReport.Section {
    var table = TextTable(
      columns: [
        .init("video"), .init("frames", .right), .init("cuts", .right), .init("boxes", .right),
        .init("crops", .right), .init("pairs in training", .right), .init("remark"),
      ])
    for file in files {
      table.append(
        [file.name, String(file.frames)]
          + [file.cuts, file.boxes, file.crops, file.pairs].map { $0.map(String.init) ?? "" }
          + [file.remark ?? ""])
    }
    return HTMLReport.Section("Footage", blocks: [.table(table)])
  }
}
