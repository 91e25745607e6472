import CImageCodecs
public import Foundation

extension Image {
  /// The picture as a baseline JPEG with halved chroma (4:2:0), as most writers make it.
  ///
  /// - Parameter quality: 1 (smallest) to 100 (best), on the usual libjpeg scale.
  /// - Throws: ``ImageError/notEncodable(format:width:height:reason:)`` if a side is longer than
  ///   65,500 pixels or memory is short.
  public func encodedJPEG(quality: Int = 95) throws(ImageError) -> [UInt8] {
    precondition((1...100).contains(quality), "Image.encodedJPEG: quality \(quality), not 1…100")
    return try encoded("JPEG") { pixels, sink in
      vision_jpeg_encode(pixels, Int32(width), Int32(height), Int32(quality), sink)
    }
  }

  /// The picture as a PNG with 8 bits a channel and no alpha.
  ///
  /// - Throws: ``ImageError/notEncodable(format:width:height:reason:)`` if a side is longer than
  ///   1,000,000 pixels or memory is short.
  public func encodedPNG() throws(ImageError) -> [UInt8] {
    try encoded("PNG") { pixels, sink in
      vision_png_encode(pixels, Int32(width), Int32(height), sink)
    }
  }

  /// Writes the picture to a file in the format its extension names: jpg, jpeg or png.
  ///
  /// The file appears complete or not at all: it is written beside its place and then renamed.
  ///
  /// - Parameters:
  ///   - url: The file; its folder must exist.
  ///   - quality: The JPEG quality, 1…100; PNG loses nothing.
  /// - Throws: ``ImageError`` if the extension is unknown, or the file cannot be written.
  public func write(to url: URL, quality: Int = 95) throws(ImageError) {
    let bytes: [UInt8]
    switch url.pathExtension.lowercased() {
    case "jpg", "jpeg": bytes = try encodedJPEG(quality: quality)
    case "png": bytes = try encodedPNG()
    default: throw .unknownExtension(path: url.path)
    }
    guard url.isFileURL else {
      throw .unwritable(path: url.absoluteString, reason: "it is not the URL of a file")
    }
    var outcome = vision_byte_sink()
    let status = url.withUnsafeFileSystemRepresentation { path in
      path.map { vision_file_write($0, bytes, bytes.count, &outcome) } ?? -1
    }
    guard status == 0 else {
      throw .unwritable(
        path: url.path, reason: String(cString: vision_byte_sink_message(&outcome)))
    }
  }

  private func encoded(
    _ format: String,
    with encoder: (UnsafePointer<UInt8>?, UnsafeMutablePointer<vision_byte_sink>) -> Int32
  ) throws(ImageError) -> [UInt8] {
    var sink = vision_byte_sink()
    defer { vision_byte_sink_free(&sink) }
    let status = pixels.withUnsafeBufferPointer { encoder($0.baseAddress, &sink) }
    guard status == 0 else {
      throw .notEncodable(
        format: format, width: width, height: height,
        reason: String(cString: vision_byte_sink_message(&sink)))
    }
    return Array(UnsafeBufferPointer(start: sink.bytes, count: sink.count))
  }
}
