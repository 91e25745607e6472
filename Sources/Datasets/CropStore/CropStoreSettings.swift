/// The settings a crop store is made with; a store is continued only under equal settings.
public struct CropStoreSettings: Sendable, Hashable, Codable {
  /// Width of every crop in pixels.
  public var cropWidth: Int
  /// Height of every crop in pixels.
  public var cropHeight: Int
  /// JPEG quality from 1 to 100; 95 keeps the loss of re-encoding below that of the video itself.
  public var quality: Int
  /// Most crops in one shard.
  public var shardCapacity: Int
  /// Anything else that decides which crops come out (detector, rules, sampling), as one string.
  public var fingerprint: String

  /// Makes settings; the defaults are quality 95 and 2,000 crops a shard.
  public init(
    cropWidth: Int, cropHeight: Int, quality: Int = 95, shardCapacity: Int = 2000,
    fingerprint: String = ""
  ) {
    precondition(
      cropWidth > 0 && cropHeight > 0 && (1...100).contains(quality) && shardCapacity > 0,
      "CropStoreSettings: size \(cropWidth)×\(cropHeight), quality \(quality), "
        + "shard capacity \(shardCapacity)")
    self.cropWidth = cropWidth
    self.cropHeight = cropHeight
    self.quality = quality
    self.shardCapacity = shardCapacity
    self.fingerprint = fingerprint
  }

  /// The settings in one line, for messages.
  var summary: String {
    let base = "crops \(cropWidth)×\(cropHeight), JPEG quality \(quality), \(shardCapacity) a shard"
    return fingerprint.isEmpty ? base : base + ", " + fingerprint
  }
}
