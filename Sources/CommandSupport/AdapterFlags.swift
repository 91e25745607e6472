public import ArgumentParser

/// The flags of commands that put adapter folders on a model, beside `--adapter` itself.
public struct AdapterFlags: ParsableArguments, Sendable {
  /// Whether parts of a PEFT folder are left out.
  @Flag(
    help:
      "Leave out the layers of a PEFT folder that the network has not, such as a classifier, and do without announced ones that the folder lacks. (default: off)"
  )
  public var allowPartial = false

  /// Whether another base is accepted.
  @Flag(
    help: "Put an adapter on other weights than those it was trained on. (default: off)")
  public var allowOtherBase = false

  /// Flags with their defaults.
  public init() {}

  /// Refuses the flags where there is no adapter for them.
  public func requireAdapter(_ isGiven: Bool) throws {
    for (flag, isSet) in [
      ("--allow-partial", allowPartial), ("--allow-other-base", allowOtherBase),
    ]
    where isSet && !isGiven {
      throw ValidationError("\(flag) belongs to --adapter; give --adapter DIR, or leave it out.")
    }
  }
}
