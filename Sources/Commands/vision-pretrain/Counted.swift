import Pretraining

/// A count with its noun: `1 video`, `3 videos`.
func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

extension PretrainingPlan {
  /// The stages in words.
  var summary: String {
    stages.map { stage in
      let what =
        switch stage.objective {
        case .simmim: "masked patches"
        case .isr: "pairs"
        case .joint: "masked patches and pairs at once"
        }
      return "\(counted(stage.steps, "step")) of \(what)"
    }.joined(separator: ", then ")
  }
}
