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

extension Finetune {
  static func failure(for error: any Error) -> CommandFailure? {
    switch error {
    case let error as TaskError:
      switch error {
      case .unsuitableSettings: CommandFailure(.usage, error.description)
      case .missingModel: CommandFailure(.missingInput, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as AdapterError: CommandFailure(.usage, error.description)
    case let error as AdapterFileError: CommandFailure(.badData, error.description)
    case let error as QualityError:
      switch error {
      case .unknownMetric: CommandFailure(.usage, error.description)
      case .missingNetwork: CommandFailure(.missingInput, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as DatasetError:
      switch error {
      case .missing, .cannotRead: CommandFailure(.missingInput, error.description)
      case .cannotWrite: CommandFailure(.cannotWrite, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as EvaluationError:
      switch error {
      case .cannotWrite: CommandFailure(.cannotWrite, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as MetricsError: CommandFailure(.badData, error.description)
    case let error as ModelReferenceError:
      switch error {
      case .missing: CommandFailure(.missingInput, error.description)
      default: CommandFailure(.usage, error.description)
      }
    case let error as CheckpointError:
      switch error {
      case .missing: CommandFailure(.missingInput, error.description)
      case .damaged: CommandFailure(.badData, error.description)
      case .unwritable: CommandFailure(.cannotWrite, error.description)
      }
    case let error as ModelFolderError:
      switch error {
      case .unwritable: CommandFailure(.cannotWrite, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as SafetensorsError:
      switch error {
      case .unwritable: CommandFailure(.cannotWrite, error.description)
      default: CommandFailure(.badData, error.description)
      }
    case let error as WeightsError: CommandFailure(.badData, error.description)
    default: nil
    }
  }
}
