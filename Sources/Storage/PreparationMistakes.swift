import Foundation

extension ModelConfiguration.Preparation {
  /// What is probably wrong with mean and deviation, a sentence each: the mistakes that people make when
  /// they write such a file by hand or move weights from another library.
  public var mistakes: [String] {
    let numbers = mean + std
    func list(_ values: [Float]) -> String {
      values.map { String(format: "%g", Double($0)) }.joined(separator: ", ")
    }
    guard mean.count == 3, std.count == 3, numbers.allSatisfy(\.isFinite) else {
      return ["Mean (\(list(mean))) and std (\(list(std))) must be three finite numbers each."]
    }
    var sentences: [String] = []
    if numbers.contains(where: { $0 > 1.5 }) {
      sentences.append(
        "Mean (\(list(mean))) and std (\(list(std))) are for values 0…255, but pictures go in as 0…1: "
          + "divide both by 255 in config.json.")
    } else if std.contains(where: { $0 < 0.01 }) {
      sentences.append(
        "The std (\(list(std))) is nearly 0, so every value is blown up: write 1, 1, 1 in config.json where "
          + "nothing is divided.")
    }
    // ImageNet's means fall from red to blue; rising ones are the same in the order of OpenCV.
    let imageNet: [Float] = [0.485, 0.456, 0.406]
    let scale: Float = numbers.contains { $0 > 1.5 } ? 255 : 1
    if zip(mean.reversed(), imageNet).allSatisfy({ abs($0 / scale - $1) < 0.01 }) {
      sentences.append(
        "The mean (\(list(mean))) is ImageNet's in the order blue, green, red, so the weights probably want "
          + "BGR pictures, while pictures go in as RGB here: turn round the input channels of the first "
          + "convolution, and mean and std in config.json.")
    }
    return sentences
  }
}
