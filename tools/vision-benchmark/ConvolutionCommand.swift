import ArgumentParser
import CKernels
import Foundation
import Reports
import Tensors

/// Times every way to convolve on the shapes of our networks, which is where the rule of choice comes from.
struct ConvolutionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convolutions",
    abstract: "GFLOP/s of one thread for every way to convolve, by shape.",
    discussion: """
      Counts the operations of the direct convolution, whichever way is taken; best of many calls by the
      processor's time. Cells hold forward, gradient of the input and gradient of the weight; in bold, the
      way that is chosen for that shape.
      """)

  @Option(help: "Seconds for each cell.")
  var seconds = 0.5

  /// What is convolved; padding keeps the size at stride 1.
  private struct Shape {
    let batch, height, width, inputs, outputs, kernel: Int
    var stride = 1
    var groups = 1

    var name: String {
      let kind = groups > 1 ? ", depthwise" : ""
      let step = stride > 1 ? " stride \(stride)" : ""
      return "batch \(batch), \(height)×\(width), \(inputs)→\(outputs), \(kernel)×\(kernel)"
        + step + kind
    }

    func kernelShape(_ method: ck_convolution_method) -> ck_convolution_shape {
      let padding = kernel / 2
      return ck_convolution_shape(
        batch: Int64(batch), height: Int64(height), width: Int64(width), channels: Int64(inputs),
        output_height: Int64((height + 2 * padding - kernel) / stride + 1),
        output_width: Int64((width + 2 * padding - kernel) / stride + 1),
        output_channels: Int64(outputs), kernel_height: Int64(kernel),
        kernel_width: Int64(kernel), stride: Int64(stride), padding: Int64(padding),
        groups: Int64(groups), method: Int64(method.rawValue))
    }
  }

  private static let shapes = [
    Shape(batch: 70, height: 32, width: 16, inputs: 16, outputs: 16, kernel: 3),
    Shape(batch: 70, height: 16, width: 8, inputs: 32, outputs: 32, kernel: 3),
    Shape(batch: 70, height: 8, width: 4, inputs: 64, outputs: 64, kernel: 3),
    Shape(batch: 70, height: 8, width: 4, inputs: 128, outputs: 128, kernel: 3),
    Shape(batch: 4, height: 64, width: 32, inputs: 64, outputs: 64, kernel: 3),
    Shape(batch: 32, height: 16, width: 8, inputs: 256, outputs: 256, kernel: 3),
    Shape(batch: 32, height: 8, width: 4, inputs: 512, outputs: 512, kernel: 3),
    Shape(batch: 32, height: 14, width: 14, inputs: 256, outputs: 256, kernel: 3),
    Shape(batch: 70, height: 128, width: 64, inputs: 3, outputs: 16, kernel: 5, stride: 2),
    Shape(batch: 4, height: 256, width: 128, inputs: 3, outputs: 64, kernel: 7, stride: 2),
    Shape(batch: 4, height: 128, width: 128, inputs: 32, outputs: 64, kernel: 1),
    Shape(batch: 1, height: 128, width: 128, inputs: 64, outputs: 64, kernel: 3, groups: 64),
  ]
  private static let methods = [
    ("gathered", ck_method_gathered), ("matrix", ck_method_matrix), ("direct", ck_method_direct),
    ("F(2×2)", ck_method_winograd_2), ("F(4×4)", ck_method_winograd_4),
    ("depthwise", ck_method_depthwise),
  ]

  func validate() throws {
    guard seconds > 0, seconds <= 60 else { throw ValidationError("--seconds lies in 0...60.") }
  }

  func run() throws {
    Compute.configure(threads: 1)
    var table = TextTable(
      columns: [.init("shape")] + Self.methods.map { .init($0.0, .right) })
    for shape in Self.shapes {
      table.append([shape.name] + Self.methods.map { cell(shape, $0.1) })
      FileHandle.standardError.write(Data("\(shape.name)\n".utf8))
    }
    print(table.markdown())
  }

  private func cell(_ shape: Shape, _ method: ck_convolution_method) -> String {
    var kernel = shape.kernelShape(method)
    guard ck_convolution_allows(&kernel, method) else { return "" }
    var open = shape.kernelShape(ck_method_chosen)
    let passes = [ck_pass_forward, ck_pass_input_gradient, ck_pass_weight_gradient]
    let outputs = Int(kernel.output_height * kernel.output_width) * shape.outputs * shape.batch
    let weights = shape.outputs * shape.inputs / shape.groups * shape.kernel * shape.kernel
    let operations = 2 * Double(outputs * weights / shape.outputs)
    var random = RandomStream(seed: 5)
    func noise(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }
    let x = noise(shape.batch * shape.height * shape.width * shape.inputs)
    let (weight, dy) = (noise(weights), noise(outputs))
    var (y, dx, dw) = (dy, x, weight)
    return passes.map { pass in
      let best = WorkerCommand.bestCPUSeconds(within: seconds / 3) {
        switch pass {
        case ck_pass_input_gradient: ck_convolution_input_gradient(&dx, dy, weight, &kernel)
        case ck_pass_weight_gradient: ck_convolution_weight_gradient(&dw, dy, x, &kernel)
        default: ck_convolution(&y, x, weight, nil, &kernel)
        }
      }
      let rate = operations / best / 1e9
      let text = String(format: rate < 10 ? "%.1f" : "%.0f", rate)
      return ck_convolution_choice(&open, pass) == method ? "**\(text)**" : text
    }.joined(separator: " / ")
  }
}
