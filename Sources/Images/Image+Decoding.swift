import CImageCodecs
import CMedia
public import Foundation

extension Image {
  /// Pictures with more pixels than this are refused: 2²⁸, or 768 MiB of bytes.
  public static let pixelLimit = 1 << 28

  /// Files with more bytes than this are refused: 1 GiB.
  static let fileLimit = 1 << 30

  /// Reads a picture from a file; the format is found by content, not by name.
  ///
  /// The EXIF orientation of JPEG, PNG, WebP and TIFF is applied, so that the picture stands
  /// upright. Grey and palette pictures become RGB and CMYK is converted as Pillow does it. Of
  /// 16-bit PNG samples the upper 8 bits are kept. **Alpha is dropped**, not composited: colours
  /// under transparent pixels show, as in the usual Python loaders (`Image.open(…).convert("RGB")`
  /// and OpenCV's `imread`). The first picture of an animation is read. Colour profiles are not
  /// applied.
  ///
  /// - Parameters:
  ///   - url: A regular file of at most 1 GiB.
  ///   - minimumWidth: Columns the caller needs at least, 0 for all. A JPEG whose half, quarter or
  ///     eighth is still at least `minimumWidth` by `minimumHeight` is decoded at that size, which
  ///     is faster. Other formats, and JPEGs if both minima are 0, come at full size.
  ///   - minimumHeight: Rows the caller needs at least, 0 for all.
  /// - Throws: ``ImageError`` if the file cannot be read, is no picture, is damaged or cut short,
  ///   or has more than ``pixelLimit`` pixels.
  public init(contentsOf url: URL, minimumWidth: Int = 0, minimumHeight: Int = 0)
    throws(ImageError)
  {
    guard url.isFileURL else {
      throw .unreadable(path: url.absoluteString, reason: "it is not the URL of a file")
    }
    var file = vision_byte_sink()
    defer { vision_byte_sink_free(&file) }
    let status = url.withUnsafeFileSystemRepresentation { path in
      path.map { vision_file_read($0, Self.fileLimit, &file) } ?? -1
    }
    guard status == 0 else {
      throw .unreadable(
        path: url.path, reason: String(cString: vision_byte_sink_message(&file)))
    }
    self = try Self.decoded(
      UnsafeBufferPointer(start: file.bytes, count: file.count), name: url.path,
      minimumWidth: minimumWidth, minimumHeight: minimumHeight)
  }

  /// Decodes a picture from the bytes of a file, as ``init(contentsOf:minimumWidth:minimumHeight:)``.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - name: What to call it in error messages.
  ///   - minimumWidth: Columns the caller needs at least, 0 for all.
  ///   - minimumHeight: Rows the caller needs at least, 0 for all.
  /// - Throws: ``ImageError`` if the bytes are no picture, are damaged or cut short, or hold more
  ///   than ``pixelLimit`` pixels.
  public init(
    decoding bytes: [UInt8], name: String, minimumWidth: Int = 0, minimumHeight: Int = 0
  ) throws(ImageError) {
    let result: Result<Image, ImageError> = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(ImageError) -> Image in
        try Self.decoded(
          bytes, name: name, minimumWidth: minimumWidth, minimumHeight: minimumHeight)
      }
    }
    self = try result.get()
  }

  private static func decoded(
    _ bytes: UnsafeBufferPointer<UInt8>, name: String, minimumWidth: Int, minimumHeight: Int
  ) throws(ImageError) -> Image {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      return try decodedJPEG(
        bytes, name: name, minimumWidth: minimumWidth, minimumHeight: minimumHeight)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      return try decodedPNG(bytes, name: name)
    }
    return try decodedStill(bytes, name: name)
  }

  private static func decodedJPEG(
    _ bytes: UnsafeBufferPointer<UInt8>, name: String, minimumWidth: Int, minimumHeight: Int
  ) throws(ImageError) -> Image {
    let reader = vision_jpeg_open(bytes.baseAddress, bytes.count)
    defer { vision_jpeg_close(reader) }
    func check(_ status: Int32) throws(ImageError) {
      guard status != 0 else { return }
      throw .corrupt(
        name: name, format: "JPEG", reason: sentence(vision_jpeg_message(reader)))
    }
    guard reader != nil else {
      throw .corrupt(name: name, format: "JPEG", reason: "memory is short")
    }
    try check(vision_jpeg_read_header(reader))
    let width = Int(vision_jpeg_width(reader))
    let height = Int(vision_jpeg_height(reader))
    try checkSize(width, height, name: name)
    var exifCount = 0
    let exif = vision_jpeg_exif(reader, &exifCount)
    let orientation = ExifOrientation.find(in: UnsafeBufferPointer(start: exif, count: exifCount))
    let minima =
      orientation >= 5 ? (minimumHeight, minimumWidth) : (minimumWidth, minimumHeight)
    var size: (width: Int32, height: Int32) = (0, 0)
    try check(
      vision_jpeg_start(
        reader, eighths(width, height, minimumWidth: minima.0, minimumHeight: minima.1),
        &size.width, &size.height))
    var status: Int32 = 0
    let stored = Image(width: Int(size.width), height: Int(size.height)) { pixels in
      status = vision_jpeg_read_pixels(reader, pixels)
    }
    try check(status)
    return stored.upright(from: orientation)
  }

  /// The smallest of 1, 2, 4 and 8 eighths of a size that is no smaller than the minima.
  private static func eighths(
    _ width: Int, _ height: Int, minimumWidth: Int, minimumHeight: Int
  ) -> Int32 {
    guard minimumWidth > 0 || minimumHeight > 0 else { return 8 }
    for eighths in [1, 2, 4] {
      // libjpeg rounds up; rounding down here keeps the promise for either.
      if width * eighths / 8 >= max(minimumWidth, 1),
        height * eighths / 8 >= max(minimumHeight, 1)
      {
        return Int32(eighths)
      }
    }
    return 8
  }

  private static func decodedPNG(_ bytes: UnsafeBufferPointer<UInt8>, name: String)
    throws(ImageError) -> Image
  {
    let reader = vision_png_open(bytes.baseAddress, bytes.count)
    defer { vision_png_close(reader) }
    func check(_ status: Int32) throws(ImageError) {
      guard status != 0 else { return }
      throw .corrupt(name: name, format: "PNG", reason: sentence(vision_png_message(reader)))
    }
    guard reader != nil else {
      throw .corrupt(name: name, format: "PNG", reason: "memory is short")
    }
    try check(vision_png_read_header(reader))
    let width = Int(vision_png_width(reader))
    let height = Int(vision_png_height(reader))
    try checkSize(width, height, name: name)
    var status: Int32 = 0
    let stored = Image(width: width, height: height) { pixels in
      status = vision_png_read_pixels(reader, pixels)
    }
    try check(status)
    var exifCount = 0
    let exif = vision_png_exif(reader, &exifCount)
    return stored.upright(
      from: ExifOrientation.find(in: UnsafeBufferPointer(start: exif, count: exifCount)))
  }

  private static func decodedStill(_ bytes: UnsafeBufferPointer<UInt8>, name: String)
    throws(ImageError) -> Image
  {
    if GIFStructure.isGIF(bytes), !GIFStructure.holdsPicture(bytes) {
      throw .corrupt(name: name, format: "GIF", reason: "it ends before its first picture does")
    }
    var still = vision_still()
    defer { vision_still_free(&still) }
    let status = vision_still_decode(bytes.baseAddress, bytes.count, Int64(pixelLimit), &still)
    let format = String(cString: vision_still_format(&still)).uppercased()
    switch Int(status) {
    case VISION_STILL_DONE:
      break
    case VISION_STILL_UNKNOWN:
      throw .unrecognized(name: name)
    default:
      throw .corrupt(name: name, format: format, reason: sentence(vision_still_message(&still)))
    }
    let stored = Image(width: Int(still.width), height: Int(still.height)) { pixels in
      vision_still_copy(&still, pixels)
    }
    switch format {
    case "WEBP": return stored.upright(from: ExifOrientation.find(inWebP: bytes))
    case "TIFF": return stored.upright(from: ExifOrientation.find(in: bytes))
    default: return stored
    }
  }

  private static func checkSize(_ width: Int, _ height: Int, name: String) throws(ImageError) {
    guard width * height <= pixelLimit else {
      throw .tooLarge(name: name, width: width, height: height)
    }
  }

  /// A codec's message, ready to stand inside a sentence.
  private static func sentence(_ message: UnsafePointer<CChar>?) -> String {
    guard let message else { return "unknown reason" }
    let text = String(cString: message)
    return text.isEmpty ? "unknown reason" : text
  }
}
