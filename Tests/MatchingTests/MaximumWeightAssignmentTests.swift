import Foundation
import Matching
import Testing

struct MaximumWeightAssignmentTests {
  @Test func `takes the best sum where greedy does not`() throws {
    let similarity: [Float] = [
      0.90, 0.80, 0.10,
      0.85, 0.20, 0.15,
      0.30, 0.75, 0.40,
      0.05, 0.10, 0.12,
    ]
    let assignment = try maximumWeightAssignment(similarity, rows: 4, columns: 3)
    #expect(assignment == [1, 0, 2, -1])
    let matrix = AssignmentMatrix(rows: 4, columns: 3, values: similarity)
    #expect(abs(matrix.sum(of: assignment) - 2.05) < 1e-6)
  }

  @Test func `keeps pairs of negative similarity`() throws {
    let assignment = try maximumWeightAssignment([0.9, -0.2, -0.3, -0.5], rows: 2, columns: 2)
    #expect(assignment == [0, 1])
  }

  @Test func `accepts empty sides and single rows`() throws {
    #expect(try maximumWeightAssignment([], rows: 0, columns: 0) == [])
    #expect(try maximumWeightAssignment([], rows: 0, columns: 3) == [])
    #expect(try maximumWeightAssignment([], rows: 3, columns: 0) == [-1, -1, -1])
    #expect(try maximumWeightAssignment([0.1, 0.7, 0.3], rows: 1, columns: 3) == [1])
    #expect(try maximumWeightAssignment([0.1, 0.7, 0.3], rows: 3, columns: 1) == [-1, 0, -1])
  }

  @Test func `agrees with brute force on 500 random cases`() throws {
    for number in 0..<500 {
      let rows = 1 + number % 6
      let columns = 1 + (number / 6) % 7
      var matrix = AssignmentMatrix.uniform(seed: UInt64(number), rows: rows, columns: columns)
      // Every third case has few different values, so that ties are met; every third is signed.
      if number % 3 == 1 { matrix.values = matrix.values.map { ($0 * 3).rounded() / 4 } }
      if number % 3 == 2 { matrix.values = matrix.values.map { $0 - 0.5 } }
      let assignment = try maximumWeightAssignment(matrix.values, rows: rows, columns: columns)
      let used = assignment.filter { $0 >= 0 }
      #expect(Set(used).count == min(rows, columns) && used.count == min(rows, columns))
      #expect(abs(matrix.sum(of: assignment) - bestSum(matrix)) < 1e-9, "case \(number)")
    }
  }

  @Test func `does not depend on the order of rows and columns`() throws {
    for (rows, columns) in [(9, 9), (12, 7), (5, 30), (40, 40)] {
      let matrix = AssignmentMatrix.cosine(seed: 77, rows: rows, columns: columns)
      let plain = try maximumWeightAssignment(matrix.values, rows: rows, columns: columns)
      let rowOrder = order(rows, seed: 5)
      let columnOrder = order(columns, seed: 6)
      var shuffled = matrix.values
      for row in 0..<rows {
        for column in 0..<columns {
          shuffled[row * columns + column] =
            matrix.values[rowOrder[row] * columns + columnOrder[column]]
        }
      }
      let other = try maximumWeightAssignment(shuffled, rows: rows, columns: columns)
      for row in 0..<rows {
        let column = other[row] < 0 ? -1 : columnOrder[other[row]]
        #expect(column == plain[rowOrder[row]])
      }
    }
  }

  @Test func `is the same after transposing and after adding a constant`() throws {
    for (rows, columns) in [(8, 8), (13, 6), (6, 13)] {
      let matrix = AssignmentMatrix.uniform(seed: 3, rows: rows, columns: columns)
      let plain = try maximumWeightAssignment(matrix.values, rows: rows, columns: columns)
      let raised = try maximumWeightAssignment(
        matrix.values.map { $0 + 2 }, rows: rows, columns: columns)
      #expect(raised == plain)
      let transposed = (0..<(rows * columns)).map {
        matrix.values[($0 % rows) * columns + $0 / rows]
      }
      let rowOfColumn = try maximumWeightAssignment(transposed, rows: columns, columns: rows)
      for (column, row) in rowOfColumn.enumerated() where row >= 0 { #expect(plain[row] == column) }
    }
  }

  @Test func `takes the lowest columns when everything is equal`() throws {
    let assignment = try maximumWeightAssignment(
      [Float](repeating: 0.5, count: 30), rows: 5, columns: 6)
    #expect(assignment == [0, 1, 2, 3, 4])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `names the matrix with a value that is not finite`(value: Float) throws {
    var similarity = [Float](repeating: 0.1, count: 12)
    similarity[7] = value
    for rule in MatchingRule.allCases {
      do {
        _ = try rule.match(similarity, rows: 4, columns: 3, named: "clip 12")
        Issue.record("\(rule) accepted \(value)")
      } catch {
        #expect(error.description.contains("clip 12"))
        #expect(error.description.contains("row 2 and column 1"))
      }
    }
  }

  @Test(arguments: try AssignmentGoldens.load().cases)
  func `reaches the optimum of scipy`(golden: AssignmentGoldens.Case) throws {
    let make = golden.kind == "uniform" ? AssignmentMatrix.uniform : AssignmentMatrix.cosine
    let matrix = make(golden.seed, golden.rows, golden.columns)
    let assignment = try maximumWeightAssignment(
      matrix.values, rows: golden.rows, columns: golden.columns)
    #expect(Set(assignment.filter { $0 >= 0 }).count == min(golden.rows, golden.columns))
    #expect(abs(matrix.sum(of: assignment) - golden.sum) < 1e-9 * Double(golden.rows + 1))
  }

  /// The best sum over all one-to-one assignments, by trying them.
  private func bestSum(_ matrix: AssignmentMatrix) -> Double {
    func best(_ row: Int, _ taken: Int, _ skips: Int) -> Double {
      guard row < matrix.rows else { return 0 }
      var sum = skips > 0 ? best(row + 1, taken, skips - 1) : -Double.infinity
      for column in 0..<matrix.columns where taken & (1 << column) == 0 {
        let here = Double(matrix.values[row * matrix.columns + column])
        sum = max(sum, here + best(row + 1, taken | (1 << column), skips))
      }
      return sum
    }
    return best(0, 0, max(0, matrix.rows - matrix.columns))
  }

  private func order(_ count: Int, seed: UInt64) -> [Int] {
    (0..<count).sorted {
      AssignmentMatrix.hash(seed, UInt64($0)) < AssignmentMatrix.hash(seed, UInt64($1))
    }
  }
}

/// The optimal sums recorded from scipy.
struct AssignmentGoldens: Decodable {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let kind: String
    let seed: UInt64
    let rows: Int
    let columns: Int
    let sum: Double
    var testDescription: String { "\(kind) \(rows)×\(columns)" }
  }

  let cases: [Case]

  static func load() throws -> AssignmentGoldens {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/assignment.json")
    return try JSONDecoder().decode(AssignmentGoldens.self, from: Data(contentsOf: url))
  }
}
