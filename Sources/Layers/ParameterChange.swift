import Tensors

/// What became of a trained parameter whose entries now stand for something else, such as other entries of
/// a sparse change, or a component that begins anew.
public struct ParameterChange {
  /// The parameter, whose value is the new one.
  public let parameter: Parameter
  /// For each entry the earlier entry that it continues, `nil` for one that begins now.
  public let origins: [Int?]

  /// Makes a change of a parameter of unchanged shape.
  public init(_ parameter: Parameter, origins: [Int?]) {
    let count = parameter.value.count
    precondition(
      origins.count == count && origins.allSatisfy { $0.map { (0..<count).contains($0) } ?? true },
      "ParameterChange: \(origins.count) origins for \(parameter.value.shape)")
    self.parameter = parameter
    self.origins = origins
  }

  /// Everything begins anew.
  public init(restarting parameter: Parameter) {
    self.init(parameter, origins: [Int?](repeating: nil, count: parameter.value.count))
  }
}
