import Backbones
import Foundation
import Storage

extension BackboneOptions {
  /// What a model's description asks of its backbone.
  init(_ configuration: ModelConfiguration, folder: URL) throws(ModelReferenceError) {
    let arguments = configuration.modelArgs
    let path = folder.appendingPathComponent(ModelConfiguration.fileName).path
    guard arguments.unknown.isEmpty else {
      throw .unknownArguments(path: path, names: arguments.unknown)
    }
    func extent(_ sides: [Int]?) -> Extent? {
      sides.map { Extent(height: $0[0], width: $0[1]) }
    }
    self.init(image: extent(arguments.imgSize))
    classes = configuration.numClasses
    let pool = arguments.globalPool ?? configuration.globalPool
    // Networks of one kind of pooling are described by it too; only transformers have a choice.
    if configuration.architecture.hasPrefix("vit_") {
      switch pool {
      // timm's networks of these names take the class token where the description does not say.
      case "token", "": pooling = .token
      case "avg": pooling = .mean
      default: throw .unknownArguments(path: path, names: ["global_pool \"\(pool)\""])
      }
      // timm normalises after mean pooling and before token pooling unless told otherwise.
      normalizesAfterPooling = arguments.fcNorm ?? (pool == "avg")
    } else if !["", "avg"].contains(pool) {
      throw .unknownArguments(path: path, names: ["global_pool \"\(pool)\""])
    }
    patch = arguments.patchSize
    width = arguments.embedDim
    depths = arguments.depth
    heads = arguments.numHeads
    mlpRatio = arguments.mlpRatio
    window = extent(arguments.windowSize)
    hasClassToken = arguments.classToken
    registers = arguments.regTokens
    positionsOfPrefix = arguments.noEmbedClass.map { !$0 }
    layerScale = arguments.initValues
    normEpsilon = arguments.normEpsilon
    dropPath = arguments.dropPathRate
    lastStride = configuration.swiftVision.lastStride
    featureLayer = configuration.swiftVision.featureLayer
    masksBorders = configuration.swiftVision.masksBorders
  }
}
