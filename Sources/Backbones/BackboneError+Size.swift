extension BackboneError {
  /// Refuses a network that no weight file holds, before its sizes are multiplied out and its memory asked
  /// for.
  ///
  /// - Parameters:
  ///   - name: name of the network.
  ///   - products: factors of the counts that are added up.
  ///   - limit: the largest sum.
  ///   - what: what is counted.
  static func refuse(
    _ name: String, ifBeyond limit: Double, _ what: String, _ products: [[Int]]
  ) throws(BackboneError) {
    let total = products.reduce(0.0) { $0 + $1.reduce(1.0) { $0 * Double($1) } }
    guard total <= limit else {
      throw .invalid(
        name: name,
        reason: "its sizes make about \(Int(min(total, 1e18))) \(what), too many for here")
    }
  }

  /// Weights that a network may have.
  static let mostWeights = 4e9
  /// Pairs of cells for which all blocks together may look relative positions up.
  static let mostPairs = 1.4e8
}
