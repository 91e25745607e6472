import ArgumentParser
import Foundation
import Reports

/// Parses the command line, runs the command, answers, and ends the process.
///
/// - With `--json`, exactly one JSON object goes to standard output, after errors too.
/// - Errors are one sentence on standard error.
/// - Ctrl-C, `SIGTERM` and `SIGHUP` ask a command that saves itself to stop; a second one ends it
///   at once.
public func runCommand<Command: VisionCommand>(_ command: Command.Type) -> Never {
  SignalWatcher.ignoreWriteSignals()
  let arguments = Array(CommandLine.arguments.dropFirst())
  let name = Command._commandName
  let interruption = Interruption()
  let json = asks(for: "--json", arguments)
  let leavesRun = Command.savesWhenInterrupted && !asks(for: "--dry-run", arguments)
  if json { CommandAnswer.announceLackOfMemory() }
  let watcher = SignalWatcher(SignalWatcher.interruptions()) { _ in
    let count = interruption.request()
    if Command.savesWhenInterrupted, count == 1 {
      let note = "\(name): stopping after this step; press Ctrl-C again to stop at once\n"
      try? FileHandle.standardError.write(contentsOf: Data(note.utf8))
      return
    }
    let sentence =
      leavesRun
      ? "Stopped at once; continue from the last checkpoint with --resume RUN."
      : "Interrupted before there was a result; run the same command again."
    CommandAnswer(CommandFailure(.interrupted, sentence), command: name, json: json).give()
  }
  let answer = answer(of: command, arguments: arguments, interruption: interruption)
  withExtendedLifetime(watcher) { answer.give() }
}

/// Parses and runs a command; everything but the end of the process.
func answer<Command: VisionCommand>(
  of command: Command.Type, arguments: [String], interruption: Interruption,
  console: Console? = nil
) -> CommandAnswer {
  let name = Command._commandName
  let json = asks(for: "--json", arguments)
  var parsed: any ParsableCommand
  do {
    parsed = try Command.parseAsRoot(arguments)
  } catch {
    if Command.exitCode(for: error).isSuccess {
      return CommandAnswer(text: Command.fullMessage(for: error))
    }
    let sentence = usageSentence(Command.message(for: error), command: name)
    return CommandAnswer(CommandFailure(.usage, sentence), command: name, json: json)
  }
  guard let ready = parsed as? Command else {
    // A built-in subcommand such as `help`.
    do {
      try parsed.run()
      return CommandAnswer(text: "")
    } catch {
      return CommandAnswer(text: Command.fullMessage(for: error))
    }
  }
  do {
    let session = CommandSession(
      console: console ?? .standardError(verbosity: ready.common.verbosity),
      interruption: interruption, commandLine: [name] + arguments)
    return try CommandAnswer(result: ready.perform(in: session), json: json)
  } catch {
    let failure = Command.failure(for: error) ?? CommandFailure(error)
    return CommandAnswer(failure, command: name, json: json)
  }
}

/// What is wrong with a command line, and where to read more, in one sentence.
func usageSentence(_ message: String, command name: String) -> String {
  let lines = message.split(whereSeparator: \.isNewline).map {
    $0.trimmingCharacters(in: .whitespaces)
  }
  var text = lines.joined(separator: " ").clause
  // The parser begins a second sentence to name the nearest flag or the values there are.
  for word in ["Did", "Please"] {
    text = text.replacing("; \(word) ", with: "; \(word.lowercased()) ")
  }
  let end = text.hasSuffix("?") ? "?" : "."
  if end == "?" { text.removeLast() }
  return "\(text) (see \(name) --help)\(end)"
}

/// Whether the arguments hold a flag, even when they cannot be parsed.
private func asks(for flag: String, _ arguments: [String]) -> Bool {
  arguments.prefix { $0 != "--" }.contains(flag)
}
