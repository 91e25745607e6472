import ArgumentParser
import CommandSupport
import Foundation
import Recipes
import Reports
import Testing

@testable import CommandSupport

/// A command that ends as its argument says.
struct SampleCommand: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-sample", abstract: "Ends as it is told.",
    discussion: "Example: vision-sample done --json")

  @OptionGroup(title: "Common flags") var common: CommonFlags

  @Argument(help: "How to end.") var end: String

  struct Result: Encodable {
    var ünit = 0.5
    var path = "a/b"
    var notANumber = Double.nan
  }

  struct KnownError: Error {}
  struct UnknownError: Error {}

  func perform(in session: CommandSession) throws -> any Encodable {
    switch end {
    case "recipe": return try common.resolvedRecipe(environment: [:]).isr.steps
    case "interrupt":
      throw CommandFailure.interrupted(resumeWith: "vision-sample --resume runs/a")
    case "full":
      throw NSError(
        domain: NSPOSIXErrorDomain, code: Int(ENOSPC), userInfo: [NSFilePathErrorKey: "/full/x"])
    case "missing": return try Data(contentsOf: URL(fileURLWithPath: "/none/such")).count
    case "unwritable":
      try Data().write(to: URL(fileURLWithPath: "/none/such"))
      return 0
    case "known": throw KnownError()
    case "unknown": throw UnknownError()
    case "lines": throw CommandFailure(.badData, "one\n  two\n\nthree")
    default: return Result()
    }
  }

  static func failure(for error: any Error) -> CommandFailure? {
    error is KnownError ? CommandFailure(.badData, "The data is known to be bad.") : nil
  }
}

@Suite struct CommandAnswerTests {
  private func answer(_ arguments: String...) -> CommandAnswer {
    CommandSupport.answer(
      of: SampleCommand.self, arguments: arguments, interruption: Interruption(),
      console: Console { _ in })
  }

  @Test func `sentences become one`() {
    #expect("One. Two.".clause == "One; Two")
    #expect("No “a. b.mp4” here. Look.".clause == "No “a. b.mp4” here; Look")
    #expect("" == "".clause)
  }

  @Test(arguments: [
    (
      "Unknown option '--x'. Did you mean '--y'?",
      "Unknown option '--x'; did you mean '--y' (see v --help)?"
    ),
    ("Leave it out.", "Leave it out (see v --help)."),
    ("Missing value\n  for '--set'", "Missing value for '--set' (see v --help)."),
    ("One. Two, “a. b” too.", "One; Two, “a. b” too (see v --help)."),
  ])
  func `what is wrong with a command line is one sentence`(message: String, sentence: String) {
    #expect(usageSentence(message, command: "v") == sentence)
  }

  private func object(_ answer: CommandAnswer) throws -> [String: Any] {
    #expect(answer.standardOutput.split(separator: "\n").count == 1)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(answer.standardOutput.utf8)) as? [String: Any])
  }

  @Test func `prints the result as one object only when asked`() throws {
    let plain = answer("done")
    #expect(plain.exit == .done)
    #expect(plain.standardOutput.isEmpty && plain.standardError.isEmpty)
    let json = try object(answer("done", "--json"))
    #expect(json["ünit"] as? Double == 0.5)
    #expect(json["path"] as? String == "a/b")
    #expect(json["notANumber"] as? String == "nan")
  }

  @Test(arguments: [
    ("full", CommandExit.cannotWrite), ("missing", .missingInput), ("unwritable", .cannotWrite),
    ("known", .badData), ("unknown", .internalError), ("lines", .badData),
    ("interrupt", .interrupted),
  ])
  func `errors are one sentence and one object`(end: String, exit: CommandExit) throws {
    let answer = answer(end, "--json")
    #expect(answer.exit == exit)
    #expect(answer.standardError.hasPrefix("vision-sample: "))
    #expect(answer.standardError.split(separator: "\n").count == 1)
    let sentence = try #require(try object(answer)["error"] as? String)
    #expect(answer.standardError == "vision-sample: \(sentence)\n")
    #expect(self.answer(end).standardOutput.isEmpty)
  }

  @Test(arguments: [
    ["--jsn", "done"], ["done", "--tsk", "--json"], ["--json"], ["done", "extra", "--json"],
    ["done", "--seed", "x", "--json"], ["done", "--seed", "-1", "--json"],
    ["done", "--threads", "0", "--json"], ["done", "--threads", "65", "--json"],
    ["done", "--quiet", "--verbose", "--json"],
    ["done", "--resume", "runs/a", "--set", "seed=1", "--json"],
    ["done", "--resume", "runs/a", "--recipe", "tiny", "--json"], ["done", "--json", "--set"],
  ])
  func `a wrong command line is a usage error`(arguments: [String]) throws {
    let answer = CommandSupport.answer(
      of: SampleCommand.self, arguments: arguments, interruption: Interruption())
    #expect(answer.exit == .usage)
    #expect(answer.standardError.split(separator: "\n").count == 1)
    #expect(answer.standardError.contains("(see vision-sample --help)"))
    #expect(
      answer.standardError.dropLast().firstMatch(of: /[.?!]\s/) == nil, "\(answer.standardError)")
    if arguments.contains("--json") { #expect(try object(answer)["error"] != nil) }
  }

  @Test func `a misspelt flag is answered with the right one`() {
    #expect(answer("done", "--dry-rn").standardError.contains("'--dry-run'"))
  }

  @Test func `help shows an example and the default of every flag`() {
    let help = answer("--help")
    #expect(help.exit == .done)
    #expect(help.standardOutput.contains("Example:"))
    let flags = [
      "--recipe", "--set", "--seed", "--threads", "--resume", "--dry-run", "--json", "--quiet",
      "--verbose",
    ]
    for flag in flags { #expect(help.standardOutput.contains(flag)) }
    let defaults = help.standardOutput.components(separatedBy: "(default").count - 1
    #expect(defaults == flags.count)
  }

  @Test func `recipe errors keep their sentence and get their code`() {
    let wrong = answer("recipe", "--set", "isr.stepz=4")
    #expect(wrong.exit == .usage)
    #expect(wrong.standardError.contains("isr.steps"))
    #expect(answer("recipe", "--recipe", "none.yaml").exit == .missingInput)
    #expect(answer("recipe", "--set", "isr.steps=4", "--json").standardOutput == "4\n")
  }
}

@Suite struct CommonFlagsTests {
  private func flags(_ arguments: String...) throws -> CommonFlags {
    try CommonFlags.parse(arguments)
  }

  @Test func `threads come from the flag, else the environment, else the recipe`() throws {
    let environment = ["VISION_THREADS": "3"]
    #expect(try flags("--threads", "2").requestedThreads(environment: environment) == 2)
    #expect(try flags().requestedThreads(environment: environment) == 3)
    #expect(try flags().requestedThreads(environment: ["VISION_THREADS": ""]) == nil)
    #expect(try flags().requestedThreads(environment: [:]) == nil)
    #expect(try flags().resolvedRecipe(environment: environment).threads == 3)
    for text in ["0", "x", "1.5", "65"] {
      let bad = ["VISION_THREADS": text]
      #expect(throws: CommandFailure.self) { try flags().requestedThreads(environment: bad) }
    }
  }

  @Test func `flags are stronger than overrides, and those than the recipe`() throws {
    let recipe = try flags("--recipe", "small", "--set", "isr.steps=7", "--seed", "5")
      .resolvedRecipe(
        flags: [RecipeOverride(flag: "--backbone", key: "model.backbone", value: "resnet50")],
        environment: [:])
    #expect(recipe.isr.steps == 7)
    #expect(recipe.seed == 5)
    #expect(recipe.model.backbone == "resnet50")
    #expect(recipe.base == .small)
  }
}

@Suite struct InterruptionTests {
  @Test func `counts requests`() {
    let interruption = Interruption()
    #expect(!interruption.isRequested)
    #expect(interruption.request() == 1)
    #expect(interruption.request() == 2)
    #expect(interruption.isRequested)
  }

  @Test func `a signal is handed over instead of ending the process`() async throws {
    let interruption = Interruption()
    let watcher = SignalWatcher([SIGUSR2]) { _ in interruption.request() }
    kill(getpid(), SIGUSR2)
    for _ in 0..<500 where !interruption.isRequested {
      try await Task.sleep(for: .milliseconds(10))
    }
    withExtendedLifetime(watcher) { #expect(interruption.isRequested) }
  }

  @Test(arguments: [
    ("plain-1.mp4", "plain-1.mp4"), ("with space", "'with space'"), ("", "''"),
    ("it's", "'it'\\''s'"), ("größe", "größe"), ("$HOME", "'$HOME'"), ("a*", "'a*'"),
  ])
  func `quotes words for a shell`(word: String, quoted: String) {
    #expect(quotedForShell(word) == quoted)
  }
}
