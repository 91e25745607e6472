import AdapterFiles
import Adapters
import Datasets
import Evaluation
import Images
import Metrics
import Quality
import Storage
import Tasks
import Testing
import Training

@testable import CommandSupport

/// What scripts branch on: the code that an error of a shared room ends every command with.
@Suite struct ExitCodeTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let error: any Error & Sendable
    let exit: CommandExit

    var testDescription: String { "\(error)" }
  }

  static let rows: [Row] = [
    Row(error: DatasetError.missing(path: "x"), exit: .missingInput),
    Row(error: DatasetError.cannotRead(path: "x", reason: "y"), exit: .missingInput),
    Row(error: DatasetError.cannotWrite(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: DatasetError.noImages(path: "x", found: "y"), exit: .badData),
    Row(error: ImageError.unreadable(path: "x", reason: "y"), exit: .missingInput),
    Row(error: ImageError.unwritable(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: ImageError.corrupt(name: "x", format: "JPEG", reason: "y"), exit: .badData),
    Row(error: SafetensorsError.missing(path: "x"), exit: .missingInput),
    Row(error: SafetensorsError.unreadable(path: "x", reason: "y"), exit: .missingInput),
    Row(error: SafetensorsError.unwritable(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: SafetensorsError.truncated(path: "x", size: 1, needed: 2), exit: .badData),
    Row(error: ModelFolderError.noConfiguration(path: "x"), exit: .badData),
    Row(error: ModelFolderError.unwritable(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: ModelReferenceError.unknownBackbone(name: "x", known: []), exit: .usage),
    Row(error: ModelReferenceError.notMaskable(name: "x"), exit: .usage),
    Row(error: ModelReferenceError.missing(path: "x"), exit: .missingInput),
    Row(error: ModelReferenceError.unknownArguments(path: "x", names: []), exit: .badData),
    Row(error: CheckpointError.missing(path: "x"), exit: .missingInput),
    Row(error: CheckpointError.damaged(path: "x", reason: "y"), exit: .badData),
    Row(error: CheckpointError.unwritable(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: AdapterError.nothingToAdapt(method: "x"), exit: .usage),
    Row(error: AdapterError.unsuitableWeights(path: "x", reason: "y"), exit: .badData),
    Row(error: AdapterFileError.unreadable(path: "x", reason: "y"), exit: .missingInput),
    Row(error: AdapterFileError.unwritable(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: AdapterFileError.otherBase(path: "x"), exit: .badData),
    Row(error: QualityError.unknownMetric(name: "x", known: []), exit: .usage),
    Row(error: QualityError.missingNetwork(folder: nil), exit: .missingInput),
    Row(error: QualityError.noPictures, exit: .badData),
    Row(error: MetricsError.empty(set: "x"), exit: .badData),
    Row(error: TaskError.unsuitableSettings(reason: "x"), exit: .usage),
    Row(error: TaskError.missingModel(path: "x"), exit: .missingInput),
    Row(error: TaskError.unsuitableData(reason: "x"), exit: .badData),
    Row(error: EvaluationError.unknownBaseline(name: "x", known: []), exit: .usage),
    Row(error: EvaluationError.cannotWrite(path: "x", reason: "y"), exit: .cannotWrite),
    Row(error: EvaluationError.notFinite(model: "x", path: "y"), exit: .badData),
  ]

  @Test(arguments: rows)
  func `an error of a shared room has one code`(row: Row) {
    let failure = CommandFailure(row.error)
    #expect(failure.exit == row.exit)
    #expect(failure.description == "\(row.error)")
  }

  @Test func `other errors have none`() {
    struct Own: Error {}
    #expect(CommandExit(of: Own()) == nil)
    #expect(CommandFailure(Own()).exit == .internalError)
  }
}
