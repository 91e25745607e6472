/// Why the benchmark cannot go on.
enum BenchmarkError: Error, CustomStringConvertible {
  case unknownBackbone(String)
  case unknownFigure(String)
  case noPairs
  case notFinite
  case emptyClip(String)
  case noFootage(String)
  case worker(name: String, reason: String)

  var description: String {
    switch self {
    case .unknownBackbone(let name): "The catalogue of backbones has no \(name)."
    case .unknownFigure(let name):
      "No figure's name contains \"\(name)\"; tools/benchmark --list prints all names."
    case .noPairs: "An assignment paired nothing: the solver is broken."
    case .notFinite: "A step gave a loss, gradient or feature that is not finite."
    case .emptyClip(let path): "The clip \(path) has no frames; delete it to have it made again."
    case .noFootage(let reason):
      "There is no footage for whole-job: \(reason). Name a video of a fixed camera: --footage FILE."
    case .worker(let name, let reason): "\(name) ended early: \(reason)"
    }
  }
}
