import CommandSupport
import Foundation
import Images
import Pretraining
import Reports

/// Masked crops as the network fills them in, measured and drawn when masked patches were last trained.
///
/// A stage of pairs that follows changes the encoder under the head that paints, so that what is taken
/// at the end of the run would show less than was learned.
struct FillingFigures {
  let folder: RunFolder
  let inspector: PretrainingInspector

  private var sheetFile: URL { folder.pictures.appendingPathComponent("reconstructions.png") }
  private var lossFile: URL { folder.url.appendingPathComponent("reconstruction.json") }

  /// Measures the network's present weights, on the crops of the video `heldOut` or else of all, and
  /// draws the sheet where pictures are wanted.
  func take(
    crops: Range<Int>, heldOut: String?, drawing: Bool
  ) throws -> MaskedLosses {
    let measured = try inspector.maskedLosses(of: crops)
    let losses = MaskedLosses(
      network: measured.network, meanColour: measured.meanColour, crops: measured.crops,
      heldOut: heldOut)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try folder.write(
      String(decoding: try encoder.encode(losses), as: UTF8.self) + "\n", to: lossFile)
    guard drawing else { return losses }
    try folder.makePictures()
    try ContactSheet.reconstructions(
      inspector.fillings(of: crops).map {
        Reconstruction(
          masked: $0.masked, reconstructed: $0.filled, truth: $0.truth, error: $0.error)
      }
    ).write(to: sheetFile)
    return losses
  }

  /// What was measured; nil if the file was taken away.
  func losses() throws -> MaskedLosses? {
    guard let data = FileManager.default.contents(atPath: lossFile.path) else { return nil }
    return try JSONDecoder().decode(MaskedLosses.self, from: data)
  }

  /// The section of the report that shows what was drawn; nil if the files were taken away.
  func section() throws -> HTMLReport.Section? {
    guard let losses = try losses(), FileManager.default.fileExists(atPath: sheetFile.path) else {
      return nil
    }
    // A sheet of photographs is several times smaller as JPEG.
    let sheet = try Image(contentsOf: sheetFile).encodedJPEG(quality: 88)
    return HTMLReport.Section(
      "Masked patches",
      blocks: [
        .figure(
          .init(
            .jpeg(sheet),
            caption: "Masked | reconstructed | truth, at the end of the stage of masked patches.",
            lookFor: "Large shapes and colours should continue into the hidden squares; detail "
              + "will not.")),
        .text(losses.sentence + ". Below the second number something was learned."),
      ])
  }
}
