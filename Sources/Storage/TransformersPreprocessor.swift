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
    fields = try JSONDecoder().decode(Fields.self, from: data)
  }

  /// The same in timm's words, for pictures of a size.
  func preparation(size: [Int]) throws -> ModelConfiguration.Preparation {
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
    if fields.do_center_crop ?? false, let edge = fields.size?.shortest,
      let crop = fields.crop_size?.sides?.min() ?? fields.crop_size?.shortest, edge > 0
    {
      preparation.cropMode = .center
      preparation.cropPct = min(Float(crop) / Float(edge), 1)
    }
    return preparation
  }
}
