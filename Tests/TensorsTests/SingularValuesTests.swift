import Tensors
import Testing

struct SingularValuesTests {
  private func random(_ shape: [Int]) -> Tensor {
    var stream = RandomStream(seed: 12)
    return stream.normal(shape: shape, deviation: 1)
  }

  private func product(_ parts: SingularValues) -> Tensor {
    var scaled = parts.left
    let rank = parts.values.count
    scaled.withMutablePointer { u in
      for index in 0..<parts.left.count { u[index] *= parts.values[index % rank] }
    }
    return scaled.multipliedMatrix(parts.right)
  }

  private func size(_ a: Tensor, minus b: Tensor) -> Double {
    var difference = a
    difference.add(b, scaledBy: -1)
    return difference.summedSquares().squareRoot()
  }

  @Test(arguments: [[5, 9], [9, 5], [1, 4], [6, 6]])
  func `the factors multiply to the matrix and are orthonormal`(shape: [Int]) {
    let matrix = random(shape)
    let parts = SingularValues(of: matrix)
    #expect(size(product(parts), minus: matrix) < 1e-5)
    #expect(parts.values == parts.values.sorted(by: >))
    let gram = parts.right.multipliedMatrix(parts.right, transposingOther: true)
    for row in 0..<gram.shape[0] {
      for column in 0..<gram.shape[0] {
        #expect(abs(gram[row * gram.shape[0] + column] - (row == column ? 1 : 0)) < 1e-5)
      }
    }
  }

  @Test func `a truncation loses what the dropped values hold`() {
    let matrix = random([12, 7])
    let whole = SingularValues(of: matrix)
    let lost = size(product(SingularValues(of: matrix, rank: 3)), minus: matrix)
    let expected = whole.values.dropFirst(3).reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
    #expect(abs(lost - expected) < 1e-4)
  }

  @Test func `a large matrix of small rank is found by projection`() {
    let matrix = random([1100, 4]).multipliedMatrix(random([4, 1060]))
    let parts = SingularValues(of: matrix, rank: 4)
    #expect(parts.values.count == 4)
    let relative = size(product(parts), minus: matrix) / matrix.summedSquares().squareRoot()
    #expect(relative < 1e-4)
  }
}
