import AdapterFiles
import Adapters
import CommandSupport
import Datasets
import Evaluation
import Metrics
import Quality
import Storage
import Tasks
import Training

extension Evaluate {
  static func failure(for error: any Error) -> CommandFailure? {
    switch error {
    case let error as EvaluationError: failure(error)
    case let error as DatasetError: failure(error)
    case let error as TaskError:
      CommandFailure(error.isMissing ? .missingInput : .badData, error.description)
    case let error as AdapterError: CommandFailure(.usage, error.description)
    case let error as AdapterFileError: CommandFailure(.badData, error.description)
    case let error as QualityError: CommandFailure(.badData, error.description)
    case let error as MetricsError: CommandFailure(.badData, error.description)
    case let error as ModelReferenceError: failure(error)
    case let error as ModelFolderError: CommandFailure(.badData, error.description)
    case let error as WeightsError: CommandFailure(.badData, error.description)
    case let error as SafetensorsError: failure(error)
    default: nil
    }
  }

  private static func failure(_ error: EvaluationError) -> CommandFailure {
    let exit: CommandExit =
      switch error {
      case .nothingReadable, .notFinite, .camerasUnknown, .nothingToFitOn: .badData
      case .unknownBaseline, .noNetwork, .noEmbedding, .noTask, .noLength: .usage
      case .cannotWrite: .cannotWrite
      }
    return CommandFailure(exit, error.description)
  }

  private static func failure(_ error: DatasetError) -> CommandFailure {
    let exit: CommandExit =
      switch error {
      case .missing, .cannotRead: .missingInput
      case .cannotWrite: .cannotWrite
      default: .badData
      }
    return CommandFailure(exit, error.description)
  }

  private static func failure(_ error: ModelReferenceError) -> CommandFailure {
    let exit: CommandExit =
      switch error {
      case .unknownBackbone: .usage
      case .missing: .missingInput
      case .backbone, .notMaskable, .unknownArguments: .badData
      }
    return CommandFailure(exit, error.description)
  }

  private static func failure(_ error: SafetensorsError) -> CommandFailure {
    let exit: CommandExit =
      switch error {
      case .missing, .unreadable: .missingInput
      case .unwritable: .cannotWrite
      case .invalidTensor: .internalError
      default: .badData
      }
    return CommandFailure(exit, error.description)
  }
}
