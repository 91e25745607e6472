/// What can go wrong when walkers are rendered.
enum WalkersError: Error, Equatable, CustomStringConvertible {
  case outOfMemory
  case cannotWrite(path: String, reason: String)

  var description: String {
    switch self {
    case .outOfMemory:
      "There is not enough memory for the picture buffers; render at a smaller size."
    case .cannotWrite(let path, let reason):
      "Cannot write \(path): \(reason). Check that the folder exists and has room."
    }
  }
}
