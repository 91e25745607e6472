import ArgumentParser
import Foundation

/// Writes labelled crops only.
struct CropsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crops",
    abstract: "Writes labelled crops in the Market-1501 layout.",
    discussion: """
      Example:
        walkers crops --output people --seed 2 --people 24 --first-person 101 --first-camera 5
      """)

  @Option(help: "Folder that gets query/ and bounding_box_test/.")
  var output: String

  @OptionGroup var options: CastOptions

  @Option(help: "Most gallery crops of one walk.")
  var perWalk = 10

  @Flag(help: "Write bounding_box_train/ instead of query/ and bounding_box_test/.")
  var training = false

  mutating func validate() throws {
    guard perWalk >= 1 else { throw ValidationError("--per-walk must be at least 1.") }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    let crops = CropOutput(folder: folder, isTraining: training, perWalk: perWalk)
    let production = Production(cast: options.cast, crops: crops)
    let summary = try production.run(progress: Console.note)
    Console.note("\(folder.path): \(try Console.line(summary))")
  }
}
