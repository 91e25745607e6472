import Matching
import Testing

struct NearestAssignmentTests {
  let similarity: [Float] = [
    0.90, 0.80, 0.10,
    0.85, 0.20, 0.15,
    0.30, 0.75, 0.40,
  ]

  @Test func `row maximum may take a column twice`() throws {
    #expect(try rowMaximumAssignment(similarity, rows: 3, columns: 3) == [0, 0, 1])
  }

  @Test func `mutual nearest keeps only mutual choices`() throws {
    #expect(try mutualNearestAssignment(similarity, rows: 3, columns: 3) == [0, -1, -1])
    #expect(
      try mutualNearestAssignment([0.2, 0.9, 0.1, 0.3, 0.4, 0.8], rows: 2, columns: 3) == [1, 2])
  }

  @Test func `ties go to the lowest index`() throws {
    let equal = [Float](repeating: 1, count: 6)
    #expect(try rowMaximumAssignment(equal, rows: 2, columns: 3) == [0, 0])
    #expect(try mutualNearestAssignment(equal, rows: 2, columns: 3) == [0, -1])
  }

  @Test(arguments: MatchingRule.allCases)
  func `empty sides give no pairs`(rule: MatchingRule) throws {
    #expect(try rule.match([], rows: 0, columns: 4) == [])
    #expect(try rule.match([], rows: 2, columns: 0) == [-1, -1])
    #expect(try rule.match([0.1, 0.3, 0.2], rows: 1, columns: 3) == [1])
  }

  @Test func `mutual pairs are part of the assignment on clear matches`() throws {
    let matrix = AssignmentMatrix.cosine(seed: 9, rows: 20, columns: 20)
    let mutual = try MatchingRule.mutualNearest.match(matrix.values, rows: 20, columns: 20)
    let assignment = try MatchingRule.assignment.match(matrix.values, rows: 20, columns: 20)
    #expect(mutual.filter { $0 >= 0 }.count > 10)
    for row in 0..<20 where mutual[row] >= 0 { #expect(mutual[row] == assignment[row]) }
  }
}
