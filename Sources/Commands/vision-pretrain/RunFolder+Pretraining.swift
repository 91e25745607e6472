import CommandSupport
import Foundation

/// The files that only a pretraining run has.
extension RunFolder {
  /// The crops, in shards with a manifest.
  var crops: URL { url.appendingPathComponent("crops") }
  /// The pairs that the trained network matches.
  var pairs: URL { url.appendingPathComponent("pairs.csv") }
}
