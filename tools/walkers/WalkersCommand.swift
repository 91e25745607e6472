import ArgumentParser

/// Renders walking people for training, testing and demonstration.
@main
struct WalkersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walkers",
    abstract: "Renders videos and labelled crops of synthetic walking people.",
    discussion: """
      Everything follows from the seed: the same seed and settings give the same pictures.

      Example:
        walkers videos --output footage --seed 1 --people 60 --cameras 4 --seconds 71
        walkers benchmark --output benchmark --seed 1
      """,
    subcommands: [VideosCommand.self, CropsCommand.self, BenchmarkCommand.self, FrameCommand.self])
}
