import ArgumentParser
import Backbones
import Tensors

/// Makes some steps of a small job and nothing else, for `tools/step-counts` to count instructions of.
struct CountCommand: ParsableCommand {
  /// A job whose steps take a few million instructions.
  enum Job: String, CaseIterable, ExpressibleByArgument {
    /// SimMIM of a small vision transformer.
    case simmim
    /// ISR of a small convolutional network.
    case isr
    /// Restoration by a narrow NAFNet.
    case nafnet

    func prepare() throws -> Figure.Prepared {
      switch self {
      case .simmim:
        var shape = BackboneOptions()
        (shape.width, shape.depths, shape.heads) = (96, [3], [3])
        return try TrainingWork("vit_tiny_patch16_224", height: 64, width: 64, shape: shape)
          .maskedSteps(batch: 8)
      case .isr:
        return try TrainingWork("convnet_small", height: 64, width: 32)
          .pairedSteps(pairs: 2, crops: 3)
      case .nafnet: return RestorationWork(channels: 8, height: 32, width: 32).steps(batch: 2)
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "count", abstract: "Makes some steps of a small job.", shouldDisplay: false)

  @Argument(help: "Job: simmim, isr or nafnet.")
  var job: Job

  func run() throws {
    // With one thread neither figure depends on chance.
    Compute.configure(threads: 1)
    let prepared = try job.prepare()
    // The first two fill the pool of buffers.
    for _ in 0..<2 { try prepared.step() }
    let before = Compute.systemAllocations
    try Self.countedSteps(prepared.step)
    print(Compute.systemAllocations - before)
  }

  /// Three steps; valgrind counts between entering and leaving this function, which it knows by name.
  @inline(never)
  private static func countedSteps(_ step: () throws -> Void) throws {
    try step()
    try step()
    try step()
  }
}
