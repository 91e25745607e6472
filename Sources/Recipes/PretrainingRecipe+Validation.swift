extension PretrainingRecipe {
  /// Checks the settings that are each allowed but must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys.
  public func validate() throws(RecipeError) {
    try checkOrder()
    if schedule.objective.includesMasking { try checkMasking() }
    if schedule.objective.includesPairs { try checkPairs() }
  }

  private func checkOrder() throws(RecipeError) {
    try requireOrder([
      (
        "extraction.minimumAspect", extraction.minimumAspect, "extraction.maximumAspect",
        extraction.maximumAspect
      ),
      ("simmim.minimumRate", simmim.minimumRate, "simmim.learningRate", simmim.learningRate),
      (
        "simmim.warmupStartRate", simmim.warmupStartRate, "simmim.learningRate",
        simmim.learningRate
      ),
      (
        "simmim.augmentation.cropAreaMinimum", simmim.augmentation.cropAreaMinimum,
        "simmim.augmentation.cropAreaMaximum", simmim.augmentation.cropAreaMaximum
      ),
      (
        "simmim.augmentation.aspectMinimum", simmim.augmentation.aspectMinimum,
        "simmim.augmentation.aspectMaximum", simmim.augmentation.aspectMaximum
      ),
      ("isr.minimumRate", isr.minimumRate, "isr.learningRate", isr.learningRate),
      ("isr.gapMinimum", isr.gapMinimum, "isr.gapMaximumStart", isr.gapMaximumStart),
      ("isr.gapMaximumStart", isr.gapMaximumStart, "isr.gapMaximumEnd", isr.gapMaximumEnd),
      (
        "isr.augmentation.gammaMinimum", isr.augmentation.gammaMinimum,
        "isr.augmentation.gammaMaximum", isr.augmentation.gammaMaximum
      ),
      (
        "isr.augmentation.erasingAreaMinimum", isr.augmentation.erasingAreaMinimum,
        "isr.augmentation.erasingAreaMaximum", isr.augmentation.erasingAreaMaximum
      ),
    ])
  }

  private func checkMasking() throws(RecipeError) {
    guard simmim.steps > 0 || simmim.epochs > 0 else {
      throw .conflict(
        keys: ["schedule.objective", "simmim.steps", "simmim.epochs"],
        reason: "masked image modelling is asked for, but both lengths are 0")
    }
    for (key, side) in [
      ("model.imageHeight", model.imageHeight), ("model.imageWidth", model.imageWidth),
    ] where side % simmim.maskUnit != 0 {
      throw .conflict(
        keys: [key, "simmim.maskUnit"],
        reason: "\(side) pixels do not divide into masked squares of \(simmim.maskUnit)")
    }
    let units = (model.imageHeight / simmim.maskUnit) * (model.imageWidth / simmim.maskUnit)
    // The number of masked squares is rounded up, so a coarse grid can be masked completely.
    guard Int((Double(units) * simmim.maskRatio).rounded(.up)) < units else {
      throw .conflict(
        keys: ["simmim.maskUnit", "simmim.maskRatio"],
        reason: "all \(units) squares of the image would be masked")
    }
  }

  private func checkPairs() throws(RecipeError) {
    guard isr.steps > 0 || isr.epochs > 0 else {
      throw .conflict(
        keys: ["schedule.objective", "isr.steps", "isr.epochs"],
        reason: "the pair objective is asked for, but both lengths are 0")
    }
    guard extraction.detector != .wholeFrame else {
      throw .conflict(
        keys: ["schedule.objective", "extraction.detector"],
        reason: "pairs are mined between persons, and whole frames hold none; "
          + "take the objective simmim")
    }
    for (key, isOn) in [
      ("isr.matchTeacher", isr.matchTeacher > 0), ("isr.negativeQueue", isr.negativeQueue > 0),
    ] where isOn && isr.reliability == .cycas {
      throw .conflict(
        keys: [key, "isr.reliability"],
        reason: "cycle association matches no pairs and has no negatives; set the first to 0")
    }
    let spacing = 1 / extraction.samplingRate
    // Half a per cent of slack lets 0.1 s meet 10 frames a second.
    guard isr.gapMaximumStart >= spacing * 0.995 else {
      throw .conflict(
        keys: ["extraction.samplingRate", "isr.gapMaximumStart"],
        reason: "frames are \(yamlNumber((spacing * 1000).rounded() / 1000)) s apart, so none are "
          + "within \(yamlNumber(isr.gapMaximumStart)) s")
    }
  }
}
