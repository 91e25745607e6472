import CKernels
import Gradients
import Tensors
import Testing

@Suite("Ways to convolve")
struct ConvolutionMethodTests {
  /// A shape that one of the ways is chosen for, or that is awkward for it.
  struct Case: CustomTestStringConvertible, Sendable {
    let batch, height, width, inputs, outputs, kernel, stride, padding, groups: Int

    init(
      _ batch: Int, _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, kernel: Int,
      stride: Int = 1, padding: Int = 0, groups: Int = 1
    ) {
      (self.batch, self.height, self.width) = (batch, height, width)
      (self.inputs, self.outputs, self.kernel) = (inputs, outputs, kernel)
      (self.stride, self.padding, self.groups) = (stride, padding, groups)
    }

    var testDescription: String {
      "\(batch)×\(height)×\(width), \(inputs)→\(outputs), kernel \(kernel), stride \(stride), "
        + "padding \(padding), groups \(groups)"
    }

    func shape(_ method: ck_convolution_method) -> ck_convolution_shape {
      ck_convolution_shape(
        batch: Int64(batch), height: Int64(height), width: Int64(width), channels: Int64(inputs),
        output_height: Int64((height + 2 * padding - kernel) / stride + 1),
        output_width: Int64((width + 2 * padding - kernel) / stride + 1),
        output_channels: Int64(outputs), kernel_height: Int64(kernel), kernel_width: Int64(kernel),
        stride: Int64(stride), padding: Int64(padding), groups: Int64(groups),
        method: Int64(method.rawValue))
    }
  }

  static let cases = [
    Case(2, 9, 7, 16, 24, kernel: 3, padding: 1), Case(1, 5, 6, 8, 8, kernel: 3),
    Case(2, 4, 4, 24, 16, kernel: 3, padding: 2), Case(3, 8, 4, 32, 48, kernel: 3, padding: 1),
    Case(1, 1, 1, 16, 16, kernel: 3, padding: 1), Case(2, 11, 9, 3, 20, kernel: 5, padding: 2),
    Case(2, 13, 10, 3, 16, kernel: 7, stride: 2, padding: 3),
    Case(2, 9, 8, 12, 19, kernel: 3, stride: 2, padding: 1),
    Case(1, 10, 9, 4, 5, kernel: 3, stride: 3), Case(2, 7, 7, 8, 40, kernel: 1, stride: 2),
    Case(2, 8, 8, 6, 16, kernel: 2, stride: 2), Case(3, 5, 3, 20, 33, kernel: 1),
    Case(1, 6, 5, 7, 3, kernel: 1, padding: 1),
    Case(2, 6, 7, 6, 9, kernel: 3, padding: 1, groups: 3),
    Case(2, 9, 6, 16, 16, kernel: 3, padding: 1, groups: 16),
    Case(1, 5, 4, 8, 8, kernel: 3, groups: 8),
    Case(1, 3, 9, 24, 24, kernel: 3, padding: 2, groups: 24),
    Case(2, 8, 8, 12, 12, kernel: 3, stride: 2, padding: 1, groups: 12),
    Case(1, 2, 3, 8, 8, kernel: 3, padding: 1, groups: 8),
    Case(1, 9, 9, 6, 6, kernel: 5, padding: 2, groups: 6),
  ]
  static let methods: [ck_convolution_method] = [
    ck_method_chosen, ck_method_gathered, ck_method_matrix, ck_method_direct, ck_method_winograd_2,
    ck_method_winograd_4, ck_method_depthwise,
  ]

  /// Output, input gradient and weight gradient, summed in double precision.
  private func exact(
    _ shape: ck_convolution_shape, _ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ dy: Tensor
  ) -> [[Double]] {
    let s = shape
    let (inputs, outputs) = (Int(s.channels / s.groups), Int(s.output_channels / s.groups))
    let (kernel, channels) = (Int(s.kernel_height), Int(s.channels))
    var y = [Double](repeating: 0, count: dy.count)
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: weight.count)
    let (xs, ws, bs, ds) = (x.values, weight.values, bias.values, dy.values)
    var position = 0
    for image in 0..<Int(s.batch) {
      for row in 0..<Int(s.output_height) {
        for column in 0..<Int(s.output_width) {
          for output in 0..<Int(s.output_channels) {
            y[position] = Double(bs[output])
            for ky in 0..<kernel {
              for kx in 0..<kernel {
                let iy = row * Int(s.stride) - Int(s.padding) + ky
                let ix = column * Int(s.stride) - Int(s.padding) + kx
                guard iy >= 0, iy < Int(s.height), ix >= 0, ix < Int(s.width) else { continue }
                let pixel = ((image * Int(s.height) + iy) * Int(s.width) + ix) * channels
                for input in 0..<inputs {
                  let source = pixel + output / outputs * inputs + input
                  let tap = ((output * inputs + input) * kernel + ky) * kernel + kx
                  y[position] += Double(xs[source]) * Double(ws[tap])
                  dx[source] += Double(ds[position]) * Double(ws[tap])
                  dw[tap] += Double(ds[position]) * Double(xs[source])
                }
              }
            }
            position += 1
          }
        }
      }
    }
    return [y, dx, dw]
  }

  private func largestError(_ values: [Float], _ exact: [Double]) -> Double {
    let largest = max(exact.map(abs).max() ?? 0, 1e-3)
    return zip(values, exact).map { abs(Double($0) - $1) / largest }.max() ?? 0
  }

  @Test("agree with sums in double precision to 1e-5 of the largest value", arguments: cases)
  func agree(_ example: Case) {
    var random = RandomStream(seed: 5).split("convolution")
    let plain = example.shape(ck_method_gathered)
    let x = random.uniform(
      shape: [example.batch, example.height, example.width, example.inputs], bound: 1)
    let weight = random.uniform(
      shape: [
        example.outputs, example.inputs / example.groups, example.kernel, example.kernel,
      ], bound: 1)
    let bias = random.uniform(shape: [example.outputs], bound: 1)
    let outputShape = [
      example.batch, Int(plain.output_height), Int(plain.output_width), example.outputs,
    ]
    let dy = random.uniform(shape: outputShape, bound: 1)
    let expected = exact(plain, x, weight, bias, dy)
    for method in Self.methods {
      var shape = example.shape(method)
      guard ck_convolution_allows(&shape, method) else { continue }
      // Every element must be written: what was there before is not a number.
      var y = Tensor(repeating: .nan, shape: outputShape)
      var dx = Tensor(repeating: .nan, shape: x.shape)
      var dw = Tensor(repeating: .nan, shape: weight.shape)
      x.withPointer { x in
        weight.withPointer { w in
          dy.withPointer { dy in
            y.withMutablePointer { y in bias.withPointer { ck_convolution(y, x, w, $0, &shape) } }
            dx.withMutablePointer { ck_convolution_input_gradient($0, dy, w, &shape) }
            dw.withMutablePointer { ck_convolution_weight_gradient($0, dy, x, &shape) }
          }
        }
      }
      for (values, exact) in zip([y, dx, dw], expected) {
        #expect(
          largestError(values.values, exact) < 1e-5, "method \(method.rawValue), \(example)")
      }
    }
  }

  @Test("every way is chosen for some shape, and the same one each time")
  func choices() {
    let chosen: [(Case, ck_convolution_method)] = [
      (Case(32, 32, 16, 64, 64, kernel: 3, padding: 1), ck_method_winograd_4),
      (Case(4, 16, 8, 256, 256, kernel: 3, padding: 1), ck_method_winograd_2),
      (Case(32, 32, 16, 64, 64, kernel: 3, stride: 2, padding: 1), ck_method_direct),
      (Case(32, 8, 4, 2048, 512, kernel: 1), ck_method_matrix),
      (Case(32, 8, 4, 96, 96, kernel: 3, padding: 1, groups: 96), ck_method_depthwise),
      (Case(32, 8, 4, 96, 96, kernel: 3, padding: 1, groups: 4), ck_method_gathered),
    ]
    for (example, method) in chosen {
      var shape = example.shape(ck_method_chosen)
      for _ in 0..<2 { #expect(ck_convolution_choice(&shape, ck_pass_forward) == method) }
    }
  }
}
