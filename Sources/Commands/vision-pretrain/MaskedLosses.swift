/// The loss of masked patches beside that of the plainest guess, when they were last trained.
///
/// **Units**: mean absolute error per hidden pixel and channel, of normalised values.
struct MaskedLosses: Codable {
  /// Of the network.
  var network: Double
  /// Of the mean colour of the visible pixels.
  var meanColour: Double
  /// Crops that were looked at.
  var crops: Int
  /// The video that masked patches were not trained on, and from which the crops are; nil where none
  /// was held out, so that the crops are those of the training.
  var heldOut: String?

  /// Both figures and what they were measured on.
  var sentence: String {
    func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    let place =
      heldOut.map { "\(counted(crops, "crop")) of \($0), which was held out" }
      ?? "\(counted(crops, "crop")) of the training, as no video was held out"
    return
      "Loss of masked patches \(text(network)) on \(place); filling with the mean colour of the "
      + "visible pixels gives \(text(meanColour))"
  }
}
