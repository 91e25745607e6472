import ArgumentParser

/// Frame rates divided by commas, as `--camera-fps` takes them.
struct FrameRates: ExpressibleByArgument {
  /// Frames a second, each in 1…120.
  let values: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let values = parts.compactMap(\.self)
    guard !parts.isEmpty, values.count == parts.count, values.allSatisfy((1...120).contains) else {
      return nil
    }
    self.values = values
  }
}
