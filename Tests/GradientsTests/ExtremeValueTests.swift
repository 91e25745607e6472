import Foundation
import Gradients
import Tensors
import Testing

/// Values and shapes at the ends of what is allowed.
struct ExtremeValueTests {
  @Test func `the exponential goes to 0, to infinity and stays NaN`() {
    let numbers: [Float] = [
      -.infinity, -1e30, -88, -87, -1, 0, 1, 87, 88.2, 88.6, 89, 1e30, .infinity, .nan,
    ]
    // Twice, so that the vectorised part and the rest of the loop both see every value.
    let x = Tensor(numbers + numbers + numbers, shape: [3, numbers.count])
    for (value, number) in zip(Variable(x).exponential().value.values, numbers + numbers + numbers)
    {
      let expected = Float(exp(Double(number)))
      if number.isNaN {
        #expect(value.isNaN)
      } else if expected.isInfinite || number <= -88 {
        #expect(value == (number > 0 ? .infinity : 0), "e^\(number) is \(value)")
      } else {
        #expect(abs(value - expected) <= 4e-6 * expected, "e^\(number) is \(value)")
      }
    }
  }

  @Test func `NaN survives rectification, maximum pooling and channel statistics`() {
    var picture = Tensor(repeating: 1, shape: [1, 4, 4, 20])
    for channel in 0..<20 { picture[(5 * 20) + channel] = .nan }
    let x = Variable(picture)
    let rectified = x.rectified().value.values.filter { $0.isNaN }
    #expect(rectified.count == 20)
    // Pixel (1, 1) lies in the first of four windows.
    let pooled = x.maximumPooled(Window(2, stride: 2)).value.values
    #expect(pooled.prefix(20).allSatisfy { $0.isNaN })
    #expect(pooled.dropFirst(20).allSatisfy { $0 == 1 })
    let one = Variable(Tensor(repeating: 1, shape: [20]))
    let normal = x.channelNormalized(
      scale: one, shift: one, epsilon: 1e-3, groups: 1, followedBy: .rectifier)
    #expect(normal.value.values.allSatisfy { $0.isNaN })
  }

  @Test(arguments: [1, 3], [1, 4])
  func `a convolution of no pictures has no pixels and weight gradients of zero`(
    _ kernel: Int, _ groups: Int
  ) {
    let tape = Tape()
    let x = tape.leaf(Tensor(zeros: [0, 5, 5, 4]))
    let weight = tape.leaf(Tensor(repeating: 1, shape: [4, 4 / groups, kernel, kernel]))
    let bias = tape.leaf(Tensor(repeating: 1, shape: [4]))
    let y = x.convolved(weight: weight, bias: bias, padding: kernel / 2, groups: groups)
    #expect(y.shape == [0, 5, 5, 4])
    tape.backward(from: y, seed: Tensor(zeros: y.shape))
    #expect(tape.gradient(of: x)?.shape == [0, 5, 5, 4])
    #expect(tape.gradient(of: weight)?.values.allSatisfy { $0 == 0 } == true)
  }

  @Test func `extents beyond 32 bits stop with the operation and the shapes`() async throws {
    let product = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let left = Variable(Tensor(zeros: [1 << 31, 0]))
      _ = left.multiplied(by: Variable(Tensor(zeros: [0, 1])))
    }
    let convolution = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Variable(Tensor(zeros: [1 << 20, 1 << 12, 1, 0]))
      _ = x.convolved(weight: Variable(Tensor(zeros: [1, 0, 1, 1])))
    }
    func message(_ result: ExitTest.Result?) throws -> String {
      String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    }
    let first = try message(product)
    #expect(first.contains("multiplied: the product of [2147483648, 0] and [0, 1] exceeds"))
    let second = try message(convolution)
    #expect(second.contains("convolved: input [1048576, 4096, 1, 0]"))
  }
}
