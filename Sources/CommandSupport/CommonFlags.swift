public import ArgumentParser
public import Foundation
public import Recipes
public import Reports

/// The flags every command takes.
///
/// ```swift
/// @OptionGroup(title: "Common flags") var common: CommonFlags
/// ```
public struct CommonFlags: ParsableArguments, Sendable {
  /// The recipe's name or file.
  @Option(
    help: ArgumentHelp(
      "Recipe: tiny, small, paper, or a YAML file. (default: tiny)", valueName: "name|file"))
  public var recipe: String?

  /// Values stronger than the recipe's.
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Set one value of the recipe, for example isr.steps=200; may be repeated. (default: none)",
      valueName: "key=value"))
  public var overrides: [String] = []

  /// The seed of all random numbers.
  @Option(help: "Seed of all random numbers. (default: the recipe's, 0)")
  public var seed: Int?

  /// Threads to use.
  @Option(
    help: "Threads to use. (default: VISION_THREADS, else the recipe's, else every core)")
  public var threads: Int?

  /// The folder of a run to continue.
  @Option(
    help: ArgumentHelp(
      "Continue an interrupted run from its folder. (default: start a new run)",
      valueName: "run"))
  public var resume: String?

  /// Whether to check only.
  @Flag(
    name: .customLong("dry-run"),
    help: "Check inputs and settings, estimate, and write nothing. (default: off)")
  public var dryRun = false

  /// Whether the result is printed as JSON.
  @Flag(help: "Print the result as one JSON object on standard output. (default: off)")
  public var json = false

  /// Whether only warnings and errors are shown.
  @Flag(help: "Show warnings and errors only. (default: off)")
  public var quiet = false

  /// Whether details are shown.
  @Flag(help: "Show details. (default: off)")
  public var verbose = false

  /// Flags with their defaults.
  public init() {}

  /// Refuses combinations that contradict each other.
  public func validate() throws {
    if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other.") }
    if let seed, seed < 0 { throw ValidationError("--seed takes a whole number of at least 0.") }
    if let threads, !Self.threadRange.contains(threads) {
      throw ValidationError(
        "--threads takes a whole number from 1 to \(Self.threadRange.upperBound).")
    }
    guard resume != nil else { return }
    for (flag, isGiven) in [
      ("--recipe", recipe != nil), ("--set", !overrides.isEmpty), ("--seed", seed != nil),
    ] where isGiven {
      throw ValidationError(
        "--resume continues with the recipe in the run folder; leave \(flag) out.")
    }
  }

  private static let threadRange = 1...PretrainingRecipe.maximumThreads

  /// How much is said on standard error.
  public var verbosity: Verbosity { quiet ? .quiet : verbose ? .verbose : .normal }

  /// The threads asked for by `--threads` or else by `VISION_THREADS`; nil leaves it to the recipe.
  ///
  /// - Throws: `CommandFailure` of usage when the variable is no whole number from 1 to 64.
  public func requestedThreads(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(CommandFailure) -> Int? {
    if let threads { return threads }
    guard let text = environment["VISION_THREADS"], !text.isEmpty else { return nil }
    guard let count = Int(text), Self.threadRange.contains(count) else {
      throw CommandFailure(
        .usage,
        "The environment variable VISION_THREADS is \"\(text)\", but takes a whole number from 1 "
          + "to \(Self.threadRange.upperBound); correct or unset it.")
    }
    return count
  }

  /// What of the common flags has no effect on a command that trains nothing, a sentence each.
  ///
  /// - Parameters:
  ///   - recipe: what ``resolvedRecipe(_:flags:environment:)`` made of the flags.
  ///   - work: what the command does, as the subject of a sentence: "an evaluation".
  public func ignored(by recipe: some PartialRecipe, of work: String) -> [String] {
    var sentences: [String] = []
    if !recipe.ignoredKeys.isEmpty {
      sentences.append(
        "Settings of a training have no effect on \(work) and are passed over: "
          + recipe.ignoredKeys.joined(separator: ", ") + ".")
    }
    if let name = self.recipe, NamedRecipe(rawValue: name) != nil {
      sentences.append("--recipe \(name) decides a training; \(work) takes nothing from it.")
    }
    if let resume {
      sentences.append("--resume \(resume) has no effect: \(work) is done from the start.")
    }
    return sentences
  }

  /// The recipe with everything the command line says about it.
  ///
  /// - Parameters:
  ///   - type: the command's kind of recipe.
  ///   - flags: the command's own flags that stand for recipe keys; stronger than `--set`.
  ///   - environment: where `VISION_THREADS` is looked up.
  /// - Throws: `CommandFailure` with the sentence of the recipe error.
  public func resolvedRecipe<Settings: Recipe>(
    _ type: Settings.Type = PretrainingRecipe.self, flags: [RecipeOverride] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(CommandFailure) -> Settings {
    var all: [RecipeOverride] = []
    do {
      for text in overrides { all.append(try RecipeOverride(parsing: text)) }
    } catch {
      throw CommandFailure(error)
    }
    all += flags
    if let seed { all.append(RecipeOverride(flag: "--seed", key: "seed", value: seed)) }
    if let count = try requestedThreads(environment: environment) {
      all.append(RecipeOverride(flag: "--threads", key: "threads", value: count))
    }
    do {
      return try Settings.loaded(recipe, overrides: all)
    } catch {
      throw CommandFailure(error)
    }
  }
}
