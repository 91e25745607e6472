import Foundation
public import Recipes
public import Reports

/// Why a command ends without its result: an exit code and one sentence for the person.
public struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The code the process ends with.
  public let exit: CommandExit
  /// What, where, why, and what to do, in one sentence without a line break.
  public let description: String

  /// A failure with a code and a sentence; line breaks in the sentence become spaces.
  public init(_ exit: CommandExit, _ sentence: String) {
    self.exit = exit
    description = sentence.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  /// The failure of a run that saved itself after Ctrl-C or a termination signal.
  public static func interrupted(resumeWith command: String) -> CommandFailure {
    CommandFailure(.interrupted, "Interrupted; the run is saved. Continue with: \(command)")
  }

  /// The failure of a dry run that was asked to stop.
  public static let interruptedDryRun = CommandFailure(
    .interrupted, "Interrupted: a dry run leaves nothing to resume; run the same command again.")

  /// The failure that an error stands for which several commands meet, or the system has.
  ///
  /// Errors of a single command are translated by it (`VisionCommand.failure(for:)`); what nobody
  /// translates is an internal error.
  public init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as RecipeError: self.init(error)
    case let error as ReportError: self.init(error)
    default:
      if let exit = CommandExit(of: error) {
        self.init(exit, "\(error)")
      } else {
        self.init(system: error as NSError, described: error)
      }
    }
  }

  /// The failure a recipe error stands for.
  public init(_ error: RecipeError) {
    let exit: CommandExit =
      switch error {
      case .notFound, .unreadable: .missingInput
      case .malformed: .badData
      case .cannotWrite: .cannotWrite
      case .unknownKey, .duplicateKey, .wrongShape, .wrongType, .outOfRange, .malformedOverride,
        .conflict:
        .usage
      }
    self.init(exit, error.description)
  }

  /// The failure a report error stands for.
  public init(_ error: ReportError) {
    let exit: CommandExit =
      switch error {
      case .cannotWrite: .cannotWrite
      case .cannotRead: .missingInput
      default: .badData
      }
    self.init(exit, error.description)
  }

  private init(system error: NSError, described original: any Error) {
    let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError
    let path = error.userInfo[NSFilePathErrorKey] as? String
    let exit =
      Self.exit(for: error) ?? underlying.flatMap(Self.exit(for:)) ?? CommandExit.internalError
    guard exit != .internalError || path != nil else {
      self.init(exit, "Unexpected error: \(String(describing: original))")
      return
    }
    let reason = (underlying ?? error).localizedDescription
    let place = path.map { " \($0)" } ?? ""
    switch exit {
    case .cannotWrite: self.init(exit, "Cannot write\(place): \(reason)")
    default: self.init(exit, "Cannot read\(place): \(reason)")
    }
  }

  private static func exit(for error: NSError) -> CommandExit? {
    if error.domain == NSCocoaErrorDomain {
      switch CocoaError.Code(rawValue: error.code) {
      case .fileReadNoSuchFile, .fileReadNoPermission, .fileReadInvalidFileName,
        .fileReadUnknown, .fileReadTooLarge:
        return .missingInput
      case .fileReadCorruptFile, .fileReadInapplicableStringEncoding: return .badData
      // Foundation says "no such file" without "read" where a folder to write to is missing.
      case .fileNoSuchFile, .fileWriteUnknown, .fileWriteNoPermission, .fileWriteInvalidFileName,
        .fileWriteFileExists, .fileWriteOutOfSpace, .fileWriteVolumeReadOnly:
        return .cannotWrite
      default: return nil
      }
    }
    guard error.domain == NSPOSIXErrorDomain else { return nil }
    switch Int32(truncatingIfNeeded: error.code) {
    case ENOENT, ENOTDIR: return .missingInput
    case ENOSPC, EDQUOT, EROFS, EFBIG, EIO, EACCES, EPERM: return .cannotWrite
    default: return nil
    }
  }
}
