internal import CMetrics

/// Removes from every feature the mean of its camera's features.
///
/// Rows are brought to unit length, the mean over all images of a camera (query and gallery
/// together) is subtracted, and the rest is brought to unit length again. This takes away a
/// camera's colour cast and background without any person label, but it needs all test images at
/// once.
///
/// - Parameters:
///   - query: `[queries, width]`, row-major.
///   - queryCameras: Camera of each query.
///   - gallery: `[gallery, width]`, row-major.
///   - galleryCameras: Camera of each gallery image.
///   - width: Width of a feature vector.
/// - Returns: Centred unit rows of both sets; an image alone on its camera becomes zero.
/// - Throws: ``MetricsError/notFinite(set:image:)`` for a feature that is not finite.
public func cameraCentred(
  query: [Float], queryCameras: [Int], gallery: [Float], galleryCameras: [Int], width: Int
) throws(MetricsError) -> (query: [Float], gallery: [Float]) {
  precondition(
    query.count == queryCameras.count * width && gallery.count == galleryCameras.count * width,
    "cameraCentred: \(query.count) and \(gallery.count) values of width \(width), but "
      + "\(queryCameras.count) and \(galleryCameras.count) cameras")
  for (values, name) in [(query, "queries"), (gallery, "gallery")] {
    let index = values.withUnsafeBufferPointer {
      cx_first_not_finite($0.baseAddress, Int64($0.count))
    }
    if index >= 0 { throw .notFinite(set: name, image: Int(index) / width) }
  }
  var features = query + gallery
  let cameras = queryCameras + galleryCameras
  scaleRows(&features, width: width, smallestLength: 0)
  var sums: [Int: [Double]] = [:]
  var counts: [Int: Int] = [:]
  features.withUnsafeBufferPointer { buffer in
    for (image, camera) in cameras.enumerated() {
      counts[camera, default: 0] += 1
      sums[camera, default: [Double](repeating: 0, count: width)].withUnsafeMutableBufferPointer {
        for column in 0..<width { $0[column] += Double(buffer[image * width + column]) }
      }
    }
  }
  features.withUnsafeMutableBufferPointer { buffer in
    for (image, camera) in cameras.enumerated() {
      guard let sum = sums[camera], let count = counts[camera] else { continue }
      for column in 0..<width {
        buffer[image * width + column] -= Float(sum[column] / Double(count))
      }
    }
  }
  // What rounding leaves of an image that equals its camera's mean must not be blown up.
  scaleRows(&features, width: width, smallestLength: 1e-6)
  return (Array(features[..<query.count]), Array(features[query.count...]))
}

/// Brings rows to unit length; rows shorter than `smallestLength` become zero.
private func scaleRows(_ features: inout [Float], width: Int, smallestLength: Float) {
  let factors = inverseLengths(features, width: width).map { $0 * smallestLength > 1 ? 0 : $0 }
  cx_scale_rows(&features, Int64(factors.count), Int64(width), factors)
}
