import Testing

@testable import Recipes

@Suite struct RecipeValidationTests {
  /// The keys of the conflict that the overrides cause, or nil.
  private func conflict(_ overrides: String...) throws -> [String]? {
    do {
      _ = try PretrainingRecipe.loaded(
        "tiny", overrides: overrides.map { try RecipeOverride(parsing: $0) })
      return nil
    } catch RecipeError.conflict(let keys, let reason) {
      #expect(!reason.isEmpty)
      return keys
    }
  }

  @Test func `accepts both objectives on the tiny recipe`() throws {
    #expect(try conflict("schedule.objective=both") == nil)
    #expect(try conflict("schedule.objective=simmim", "extraction.detector=wholeFrame") == nil)
  }

  @Test func `refuses pairs without persons`() throws {
    #expect(
      try conflict("extraction.detector=wholeFrame")
        == ["schedule.objective", "extraction.detector"])
  }

  @Test func `refuses what cycle association has no use for`() throws {
    for key in ["isr.matchTeacher", "isr.negativeQueue"] {
      let value = key == "isr.negativeQueue" ? "64" : "0.99"
      #expect(try conflict("\(key)=\(value)") == nil)
      #expect(
        try conflict("isr.reliability=cycas", "\(key)=\(value)") == [key, "isr.reliability"])
    }
  }

  @Test func `refuses gaps no two frames have`() throws {
    #expect(
      try conflict("extraction.samplingRate=1")
        == ["extraction.samplingRate", "isr.gapMaximumStart"])
    #expect(try conflict("extraction.samplingRate=2") == nil)
    #expect(
      try conflict("isr.gapMinimum=1") == ["isr.gapMinimum", "isr.gapMaximumStart"])
    #expect(
      try conflict("isr.gapMaximumEnd=0.2") == ["isr.gapMaximumStart", "isr.gapMaximumEnd"])
  }

  @Test func `refuses images that masked squares do not fill`() throws {
    #expect(
      try conflict("schedule.objective=both", "model.imageWidth=72")
        == ["model.imageWidth", "simmim.maskUnit"])
    // Without masking the size is free.
    #expect(try conflict("model.imageWidth=72") == nil)
    #expect(
      try conflict(
        "schedule.objective=simmim", "model.imageWidth=32", "model.imageHeight=32")
        == ["simmim.maskUnit", "simmim.maskRatio"])
  }

  @Test func `refuses stages without a length`() throws {
    #expect(try conflict("isr.steps=0")?.contains("isr.steps") == true)
    #expect(
      try conflict("schedule.objective=both", "simmim.steps=0")?.contains("simmim.steps") == true)
    #expect(try conflict("simmim.steps=0") == nil)
  }

  @Test func `refuses rates and ranges upside down`() throws {
    #expect(
      try conflict("isr.learningRate=1e-9") == ["isr.minimumRate", "isr.learningRate"])
    #expect(
      try conflict("isr.augmentation.gammaMaximum=0.5")
        == ["isr.augmentation.gammaMinimum", "isr.augmentation.gammaMaximum"])
    #expect(
      try conflict("extraction.maximumAspect=1")
        == ["extraction.minimumAspect", "extraction.maximumAspect"])
  }
}
