import CommandSupport
import Foundation
import Images
import Pretraining
import Reports

/// Masked crops as the network fills them in, drawn when masked patches were last trained.
///
/// A stage of pairs that follows changes the encoder under the head that paints, so that pictures
/// drawn at the end of the run would show less than was learned.
struct FillingFigures {
  /// Mean absolute errors of hidden pixels, of normalised values.
  private struct Errors: Codable {
    /// Of the network.
    var network: Double
    /// Of the mean colour of the visible pixels.
    var meanColour: Double
  }

  let folder: RunFolder
  let inspector: PretrainingInspector

  private var sheetFile: URL { folder.pictures.appendingPathComponent("reconstructions.png") }
  private var errorFile: URL { folder.pictures.appendingPathComponent("reconstructions.json") }

  /// Draws the sheet with the network's present weights.
  func draw() throws {
    let fillings = try inspector.fillings()
    try folder.makePictures()
    try ContactSheet.reconstructions(
      fillings.map {
        Reconstruction(
          masked: $0.masked, reconstructed: $0.filled, truth: $0.truth, error: $0.error)
      }
    ).write(to: sheetFile)
    let count = Double(max(fillings.count, 1))
    let errors = Errors(
      network: fillings.reduce(0) { $0 + $1.error } / count,
      meanColour: fillings.reduce(0) { $0 + $1.meanColourError } / count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try folder.write(
      String(decoding: try encoder.encode(errors), as: UTF8.self) + "\n", to: errorFile)
  }

  /// The section of the report that shows what was drawn; nil if the files were taken away.
  func section() throws -> HTMLReport.Section? {
    let files = [sheetFile.path, errorFile.path]
    guard files.allSatisfy(FileManager.default.fileExists(atPath:)) else { return nil }
    let errors = try JSONDecoder().decode(Errors.self, from: Data(contentsOf: errorFile))
    // A sheet of photographs is several times smaller as JPEG.
    let sheet = try Image(contentsOf: sheetFile).encodedJPEG(quality: 88)
    func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    return HTMLReport.Section(
      "Masked patches",
      blocks: [
        .figure(
          .init(
            .jpeg(sheet),
            caption: "Masked | reconstructed | truth, at the end of the stage of masked patches.",
            lookFor: "Large shapes and colours should continue into the hidden squares; detail "
              + "will not.")),
        .text(
          "Mean absolute error on hidden pixels \(text(errors.network)); filling with the mean "
            + "colour of the visible pixels gives \(text(errors.meanColour)). Below the second "
            + "number something was learned."),
      ])
  }
}
