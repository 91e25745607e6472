import Foundation
import Gradients
import Tensors

extension ONNXEvaluation {
  /// The error function of the C library.
  static func errorFunction(_ x: Float) -> Float { erf(x) }

  /// Steps of a tensor along the axes of a broadcast result; 0 along an axis it repeats on.
  private func steps(_ shape: [Int], in result: [Int]) -> [Int] {
    var steps = [Int](repeating: 0, count: result.count)
    var step = 1
    for (offset, extent) in shape.enumerated().reversed() {
      if extent != 1 { steps[result.count - shape.count + offset] = step }
      step *= extent
    }
    return steps
  }

  private func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let (left, right) = (
      [Int](repeating: 1, count: rank - a.count) + a, [Int](repeating: 1, count: rank - b.count) + b
    )
    return zip(left, right).map { $0 == 1 ? $1 : $0 }
  }

  /// Two tensors element by element, axes of extent 1 repeated.
  func combined(_ function: (Float, Float) -> Float) throws(ONNXError) -> Tensor {
    let (a, b) = (try tensor(0), try tensor(1))
    let shape = broadcastShape(a.shape, b.shape)
    let (left, right) = (steps(a.shape, in: shape), steps(b.shape, in: shape))
    let columns = shape.last ?? 1
    let (leftStep, rightStep) = (left.last ?? 0, right.last ?? 0)
    return Tensor(shape: shape) { target in
      a.withPointer { x in
        b.withPointer { y in
          var place = [Int](repeating: 0, count: max(shape.count - 1, 0))
          let rows = shape.dropLast().reduce(1, *)
          for row in 0..<rows {
            var (i, j) = (0, 0)
            for axis in place.indices {
              i += place[axis] * left[axis]
              j += place[axis] * right[axis]
            }
            for column in 0..<columns {
              target[row * columns + column] = function(
                x[i + column * leftStep], y[j + column * rightStep])
            }
            for axis in place.indices.reversed() {
              place[axis] += 1
              if place[axis] < shape[axis] { break }
              place[axis] = 0
            }
          }
        }
      }
    }
  }

  func expanded(_ x: Tensor, to shape: [Int]) throws(ONNXError) -> Tensor {
    let zeros = Tensor(zeros: broadcastShape(x.shape, shape))
    return try ONNXEvaluation(node: node, inputs: [.tensor(x), .tensor(zeros)]).combined { x, _ in
      x
    }
  }

  func gathered(_ x: Tensor) throws(ONNXError) -> Tensor {
    let (indices, axis) = (try integers(1), attribute("axis")[0])
    if axis == 0 { return Variable(x).gathered(indices).value }
    var order = Array(0..<x.rank)
    order.swapAt(0, axis)
    return Variable(x).permuted(order).gathered(indices).permuted(order).value
  }

  func padded(_ x: Tensor) throws(ONNXError) -> Tensor {
    let (pads, name) = (try integers(1), mode)
    var result = x
    for axis in 0..<x.rank where pads[axis] != 0 || pads[x.rank + axis] != 0 {
      let extent = result.shape[axis]
      let sources = (-pads[axis]..<extent + pads[x.rank + axis]).map { place in
        switch name {
        case "edge": min(max(place, 0), extent - 1)
        case "reflect": place < 0 ? -place : place < extent ? place : 2 * (extent - 1) - place
        default: (0..<extent).contains(place) ? place : extent
        }
      }
      var edge = result.shape
      edge[axis] = 1
      var order = Array(0..<x.rank)
      order.swapAt(0, axis)
      result =
        Variable.concatenated([Variable(result), Variable(Tensor(zeros: edge))], axis: axis)
        .permuted(order).gathered(sources).permuted(order).value
    }
    return result
  }

  func product(_ left: Tensor, _ right: Tensor) throws(ONNXError) -> Tensor {
    guard right.rank == 2, left.rank > 2 else {
      return Variable(left).multiplied(by: Variable(right)).value
    }
    let flat = left.reshaped([left.rows, left.columns])
    return Variable(flat).multiplied(by: Variable(right)).value
      .reshaped(left.shape.dropLast() + [right.columns])
  }

  func convolved(_ x: Tensor) throws(ONNXError) -> Tensor {
    let result = Variable(Self.permuted(x, [0, 2, 3, 1])).convolved(
      weight: Variable(try tensor(1)), bias: inputs.count > 2 ? Variable(try tensor(2)) : nil,
      stride: attribute("strides")[0], padding: attribute("pads")[0], groups: attribute("group")[0])
    return Self.permuted(result.value, [0, 3, 1, 2])
  }

  func pooled(_ x: Tensor) -> Tensor {
    let kernel = attribute("kernel_shape")
    let window = Window(
      kernel[0], kernel[1], stride: attribute("strides").first ?? 1,
      padding: attribute("pads").first ?? 0)
    let last = Variable(Self.permuted(x, [0, 2, 3, 1]))
    let result =
      node.opType == "MaxPool" ? last.maximumPooled(window) : last.averagePooled(window)
    return Self.permuted(result.value, [0, 3, 1, 2])
  }

  /// Applies `body` to all elements that differ in the given axes only.
  func reduced(_ x: Tensor, _ axes: [Int], _ body: (Tensor) -> Double) -> Tensor {
    let gone = Set(axes.map { $0 < 0 ? $0 + x.rank : $0 })
    let order = x.shape.indices.filter { !gone.contains($0) } + gone.sorted()
    let kept = x.shape.indices.filter { !gone.contains($0) }.map { x.shape[$0] }
    let rows = kept.reduce(1, *)
    let lines = Self.permuted(x, Array(order)).reshaped([rows, x.count / max(rows, 1)])
    let values = (0..<rows).map { Float(body(lines.rows($0..<$0 + 1))) }
    let keeps = attribute("keepdims").first != 0
    let shape = keeps ? x.shape.indices.map { gone.contains($0) ? 1 : x.shape[$0] } : kept
    return Tensor(values, shape: shape)
  }
}
