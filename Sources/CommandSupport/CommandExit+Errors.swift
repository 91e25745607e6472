import AdapterFiles
import Adapters
import Datasets
import Evaluation
import Images
import Metrics
import Quality
import Storage
import Tasks
import Training

/// The one table of exit codes for errors that several commands meet.
extension CommandExit {
  /// The code of an error of the rooms that commands share; nil for others, which belong to one command.
  init?(of error: any Error) {
    switch error {
    case let error as DatasetError: self.init(error)
    case let error as ImageError: self.init(error)
    case let error as SafetensorsError: self.init(error)
    case let error as ModelFolderError: self.init(error)
    case is WeightsError, is MetricsError: self = .badData
    case let error as ModelReferenceError: self.init(error)
    case let error as CheckpointError: self.init(error)
    case let error as AdapterError: self.init(error)
    case let error as AdapterFileError: self.init(error)
    case let error as QualityError: self.init(error)
    case let error as TaskError: self.init(error)
    case let error as EvaluationError: self.init(error)
    default: return nil
    }
  }

  private init(_ error: DatasetError) {
    switch error {
    case .missing, .cannotRead: self = .missingInput
    case .cannotWrite: self = .cannotWrite
    default: self = .badData
    }
  }

  private init(_ error: ImageError) {
    switch error {
    case .unreadable: self = .missingInput
    case .unwritable, .unknownExtension: self = .cannotWrite
    case .unrecognized, .corrupt, .tooLarge, .notEncodable: self = .badData
    }
  }

  private init(_ error: SafetensorsError) {
    switch error {
    case .missing, .unreadable: self = .missingInput
    case .unwritable: self = .cannotWrite
    // Only a writer of ours can hand one over.
    case .invalidTensor: self = .internalError
    default: self = .badData
    }
  }

  private init(_ error: ModelFolderError) {
    switch error {
    case .unwritable: self = .cannotWrite
    case .noConfiguration, .invalidConfiguration: self = .badData
    }
  }

  private init(_ error: ModelReferenceError) {
    switch error {
    case .unknownBackbone, .notMaskable: self = .usage
    case .missing: self = .missingInput
    case .backbone, .unknownArguments: self = .badData
    }
  }

  private init(_ error: CheckpointError) {
    switch error {
    case .missing: self = .missingInput
    case .damaged: self = .badData
    case .unwritable: self = .cannotWrite
    }
  }

  private init(_ error: AdapterError) {
    switch error {
    case .unsuitableWeights, .unsuitableState: self = .badData
    default: self = .usage
    }
  }

  private init(_ error: AdapterFileError) {
    switch error {
    case .unreadable: self = .missingInput
    case .unwritable: self = .cannotWrite
    default: self = .badData
    }
  }

  private init(_ error: QualityError) {
    switch error {
    case .unknownMetric: self = .usage
    case .missingNetwork: self = .missingInput
    case .notAQualityFile, .noPictures, .diverged: self = .badData
    }
  }

  private init(_ error: TaskError) {
    switch error {
    case .unsuitableSettings: self = .usage
    case .missingModel: self = .missingInput
    case .notFinite, .unsuitableData, .otherRun, .unusableModel: self = .badData
    }
  }

  private init(_ error: EvaluationError) {
    switch error {
    case .nothingReadable, .notFinite, .camerasUnknown, .nothingToFitOn: self = .badData
    case .unknownBaseline, .noNetwork, .noEmbedding, .noTask, .noLength: self = .usage
    case .cannotWrite: self = .cannotWrite
    }
  }
}
