import Foundation

/// The `preprocessor_config.json` of the transformers library: how pictures are prepared.
struct TransformersPreprocessor {
  private struct Fields: Decodable {
    let image_processor_type: String?
    let image_mean: [Float]?
    let image_std: [Float]?
    let resample: Int?
    let do_resize: Bool?
    let do_rescale: Bool?
    let do_normalize: Bool?
    let do_center_crop: Bool?
    let rescale_factor: Double?
    let size: Size?
    let crop_size: Size?
  }

  /// The sides of a picture, or its shorter side, or both at once in older files.
  private struct Size: Decodable {
    let shortest: Int?
    let sides: [Int]?

    private enum CodingKeys: String, CodingKey { case shortest_edge, height, width }

    init(from decoder: any Decoder) throws {
      if let side = try? decoder.singleValueContainer().decode(Int.self) {
        (shortest, sides) = (side, [side, side])
        return
      }
      let container = try decoder.container(keyedBy: CodingKeys.self)
      shortest = try container.decodeIfPresent(Int.self, forKey: .shortest_edge)
      let height = try container.decodeIfPresent(Int.self, forKey: .height)
      let width = try container.decodeIfPresent(Int.self, forKey: .width)
      sides = height.flatMap { height in width.map { [height, $0] } }
    }
  }

  /// The file as it was read.
  let data: Data
  private let fields: Fields

  /// Reads the file of a folder.
  init(folder: URL) throws {
    let name = TransformersForm.preprocessorName
    guard
      let data = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path)
    else {
      throw TransformersRefusal(
        description: "\(name) is missing beside it, so nobody knows how pictures are prepared")
    }
    self.data = data
    do {
      fields = try JSONDecoder().decode(Fields.self, from: data)
    } catch let error as DecodingError {
      throw TransformersRefusal(description: "\(name) beside it is wrong: \(error.sentence)")
    }
  }

  /// The same in timm's words.
  ///
  /// - Parameters:
  ///   - size: picture size of the network, taken where the file states none.
  ///   - isOwn: whether the folder was written here, where rectangles are cropped as timm does it.
  func preparation(size: [Int], isOwn: Bool) throws -> ModelConfiguration.Preparation {
    let name = TransformersForm.preprocessorName
    guard fields.do_rescale ?? true, abs((fields.rescale_factor ?? 1 / 255) * 255 - 1) < 1e-4,
      fields.do_resize ?? true
    else {
      throw TransformersRefusal(
        description: "\(name) does not bring pictures to the network's size and values to 0…1 "
          + "(do_resize, do_rescale, rescale_factor), as is done here")
    }
    let isNormalized = fields.do_normalize ?? true
    guard let mean = isNormalized ? fields.image_mean : [0, 0, 0],
      let std = isNormalized ? fields.image_std : [1, 1, 1]
    else { throw TransformersRefusal(description: "\(name) states no image_mean and image_std") }
    // What the library's classes do where the file is silent.
    let usual = fields.image_processor_type?.hasPrefix("Bit") == true ? 3 : 2
    guard let filter = [0: "nearest", 2: "bilinear", 3: "bicubic"][fields.resample ?? usual] else {
      throw TransformersRefusal(
        description:
          "\(name) resizes by filter \(fields.resample ?? usual), which is none of nearest "
          + "(0), bilinear (2) and bicubic (3)")
    }
    var preparation = ModelConfiguration.Preparation(
      inputSize: [3] + size, interpolation: filter, mean: mean, std: std)
    guard fields.do_center_crop ?? false else {
      if let sides = fields.size?.sides {
        preparation.inputSize = [3] + sides
      } else if fields.size?.shortest != nil {
        throw TransformersRefusal(
          description:
            "\(name) resizes the shorter side and cuts nothing out (size, do_center_crop), "
            + "so its pictures have no common size")
      }
      return preparation
    }
    let square = fields.crop_size?.shortest.map { [$0, $0] }
    guard let crop = fields.crop_size?.sides ?? square, crop.allSatisfy({ $0 > 0 }) else {
      throw TransformersRefusal(
        description: "\(name) cuts the middle out and does not say how much (crop_size)")
    }
    preparation.inputSize = [3] + crop
    preparation.cropsDown = true
    let shares: [Float]
    if let edge = fields.size?.shortest {
      guard crop[0] == crop[1] || isOwn else {
        throw TransformersRefusal(
          description: "\(name) cuts the rectangle \(crop[0])x\(crop[1]) out of pictures of a "
            + "shorter side, which is done here for squares alone")
      }
      preparation.cropMode = .center
      shares = [Float(crop.min() ?? 0) / Float(edge)]
    } else {
      let sides = fields.size?.sides ?? crop
      shares = zip(crop, sides).map { Float($0) / Float($1) }
    }
    guard let share = shares.first, shares.allSatisfy({ $0 == share }), share > 0, share <= 1 else {
      throw TransformersRefusal(
        description:
          "\(name) cuts out more than it resizes to, or another share of the height than of "
          + "the width (size, crop_size)")
    }
    preparation.cropPct = share
    return preparation
  }
}
