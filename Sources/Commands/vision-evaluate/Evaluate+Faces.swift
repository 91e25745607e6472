import ArgumentParser
import Metrics

extension Evaluate {
  /// Checks the flags of `--task face`.
  func validateFaces() throws {
    guard rule == nil || FaceProtocol(rawValue: rule ?? "") != nil else {
      let known = FaceProtocol.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError(
        "--protocol takes one of \(known) for faces, not “\(rule ?? "")”.")
    }
    for (flag, isGiven) in [
      ("--rerank", rerank), ("--flip", flip), ("--features", features != nil),
      ("--expand", expand != nil),
    ] where isGiven {
      throw ValidationError(
        "\(flag) does not belong to --task face; leave it out"
          + (flag == "--flip" ? " and say the rule with --protocol." : "."))
    }
    if let pooling, facePooling == nil {
      let known = FacePoolingName.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--pooling takes one of \(known), not “\(pooling)”.")
    }
    if let qualityBuckets, !(1...256).contains(qualityBuckets) {
      throw ValidationError("--quality-buckets takes a whole number from 1 to 256.")
    }
    guard let resolutions else { return }
    let parts = resolutions.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ Int($0).map { (1...10_000).contains($0) } ?? false }) else {
      throw ValidationError(
        "--resolutions takes whole numbers of rows divided by commas, such as 64,32,16, not "
          + "“\(resolutions)”.")
    }
  }

  /// What is done with the mirror image of a face.
  var faceProtocol: FaceProtocol { rule.flatMap(FaceProtocol.init(rawValue:)) ?? .insightface }

  /// How gallery pictures of a person become one vector.
  var facePooling: TemplatePooling? {
    pooling.flatMap(FacePoolingName.init(rawValue:))?.pooling
  }

  /// Rows that probes are reduced to.
  var rows: [Int] { resolutions?.split(separator: ",").compactMap { Int($0) } ?? [] }
}
