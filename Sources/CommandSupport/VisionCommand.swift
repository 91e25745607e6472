public import ArgumentParser

/// A command of this package: flags in, one result or one sentence out.
///
/// ```swift
/// struct Pretrain: VisionCommand {
///   @OptionGroup(title: "Common flags") var common: CommonFlags
///   func perform(in session: CommandSession) throws -> any Encodable { … }
/// }
/// runCommand(Pretrain.self)
/// ```
public protocol VisionCommand: ParsableCommand {
  /// The flags every command takes.
  var common: CommonFlags { get }

  /// Whether `perform` polls `session.interruption` and saves itself.
  ///
  /// Without it, the first signal ends the command.
  static var savesWhenInterrupted: Bool { get }

  /// Does the work; progress and tables go to `session.console`.
  ///
  /// - Returns: the object `--json` prints.
  /// - Throws: `CommandFailure`, or an error `failure(for:)` knows.
  func perform(in session: CommandSession) throws -> any Encodable

  /// Translates an error that this command alone meets; nil for others.
  static func failure(for error: any Error) -> CommandFailure?
}

extension VisionCommand {
  /// Ends at the first signal.
  public static var savesWhenInterrupted: Bool { false }

  /// Knows no errors.
  public static func failure(for error: any Error) -> CommandFailure? { nil }
}
