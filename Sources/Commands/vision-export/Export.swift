import ArgumentParser
import Backbones
import CommandSupport
import Storage

/// `vision-export`: writes a model for other tools, and checks what it wrote.
struct Export: VisionCommand {
  static let configuration = CommandConfiguration(
    commandName: "vision-export",
    abstract: "Write a model for other tools, and check what was written.",
    discussion: """
      Examples:
        vision-export runs/walk --format onnx --output walk.onnx
        vision-export runs/walk --format onnx --preprocessing --output walk.onnx
        vision-export models/face --adapter adapters/tv --merge --format safetensors --output face
        vision-export runs/walk --adapter runs/reid/best/adapter --format peft --output peft
        vision-export random:nafnet_small --format onnx --size 128x128 --output small.onnx

      safetensors writes a model folder, config.json and model.safetensors, with timm's names where \
      timm has the network. onnx writes one file of operator set \(ONNXModel.operatorSet), recorded \
      from the network's own forward pass: input "images" [batch, 3, height, width], normalised, for \
      any number of pictures; output "features" [batch, width], or "restored" pictures. The picture \
      size is fixed. peft writes the one adapter that is given as a folder of Hugging Face PEFT, \
      adapter_config.json and adapter_model.safetensors, for the same network under timm's names; what \
      PEFT has no form for is written as exact low-rank factors or refused. Afterwards the command computes what it wrote on random pictures and prints \
      the largest difference from the network.
      Of a recipe only seed and threads are used here, and --resume has nothing to continue.
      """)

  @Argument(
    help: ArgumentHelp(
      "Run folder (its best model), model folder, or random:BACKBONE.", valueName: "model"))
  var model: String

  @Option(help: ArgumentHelp("What to write: safetensors, onnx or peft.", valueName: "name"))
  var format: ExportFormat

  @Option(
    help: ArgumentHelp(
      "Folder (safetensors, peft) or file (onnx) to write; must not exist.", valueName: "path"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Folder of an adapter, ours or PEFT's, that belongs to the model; may be repeated. (default: none)",
      valueName: "dir"))
  var adapter: [String] = []

  @Flag(
    help:
      "Write the adapters' changes into the weights, tell how near the merged network is to the unmerged one, and count intruder dimensions. (default: off)"
  )
  var merge = false

  @Option(
    help: ArgumentHelp(
      "What is left, 0 to 1, of the strength of each intruder dimension of the adapters; 0.75 is usual. "
        + "Keep the result only where it scores better on the old pictures and holds on the new. "
        + "(default: none, and adapters are written as they are)", valueName: "factor"))
  var soften: Float?

  @Option(
    help: ArgumentHelp(
      "Quality of all pictures, 0 worst to 1 best, at which an adapter that blends by it (petalface) is "
        + "written. (default: none, and such an adapter is refused)", valueName: "q"))
  var quality: Float?

  @Flag(
    help:
      "Write 16-bit weights, half the size, rounded to three digits; safetensors only. (default: off)"
  )
  var half = false

  @Flag(
    help:
      "The graph takes bytes [batch, height, width, 3] of the picture size and normalises them. (default: off)"
  )
  var preprocessing = false

  @Option(
    help: ArgumentHelp(
      "Picture size of an ONNX graph, HEIGHTxWIDTH. (default: the model's)", valueName: "size"))
  var size: String?

  @Option(
    help: ArgumentHelp(
      "Write the pictures of the check and the network's results, as the graph takes and gives "
        + "them, to a safetensors file, to compare with another program. (default: none)",
      valueName: "file"))
  var samples: String?

  @OptionGroup(title: "Adapters") var adapterFlags: AdapterFlags

  @OptionGroup(title: "Common flags") var common: CommonFlags

  func perform(in session: CommandSession) throws -> any Encodable {
    try ExportJob(self, session: session).run()
  }

  func validate() throws {
    try adapterFlags.requireAdapter(!adapter.isEmpty)
    if let soften, adapter.isEmpty || !(0...1).contains(soften) {
      throw ValidationError("--soften takes a number from 0 to 1 and belongs to --adapter.")
    }
    if let quality, adapter.isEmpty || !(0...1).contains(quality) {
      throw ValidationError("--quality takes a number from 0 to 1 and belongs to --adapter.")
    }
    if format == .peft {
      guard adapter.count == 1, !merge else {
        throw ValidationError(
          "--format peft writes one adapter as it is: give --adapter DIR once, and no --merge.")
      }
    } else if !adapter.isEmpty, !merge {
      throw ValidationError(
        "An exported model holds its adapters in its weights: add --merge to --adapter.")
    }
    if merge, adapter.isEmpty {
      throw ValidationError("--merge needs the adapter: give --adapter DIR.")
    }
    if half, format != .safetensors {
      throw ValidationError("--half belongs to --format safetensors; leave it out.")
    }
    if format != .onnx {
      for (flag, isGiven) in [
        ("--preprocessing", preprocessing), ("--size", size != nil), ("--samples", samples != nil),
      ]
      where isGiven {
        throw ValidationError("\(flag) belongs to --format onnx; leave it out.")
      }
    }
    if size != nil, extent == nil {
      throw ValidationError("--size takes HEIGHTxWIDTH in pixels, for example 256x128.")
    }
  }

  /// The picture size asked for.
  var extent: Extent? {
    let sides = (size ?? "").split(separator: "x").map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ (1...8192).contains($0) }) else { return nil }
    return Extent(height: sides[0], width: sides[1])
  }

  static func failure(for error: any Error) -> CommandFailure? {
    (error as? ONNXError).map { CommandFailure(.badData, $0.description) }
  }
}
