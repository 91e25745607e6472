public import Backbones
public import Recipes
public import Tensors
import Training

extension PretrainingRecipe {
  /// What the recipe asks of its network besides the name.
  private var backboneOptions: BackboneOptions {
    var options = BackboneOptions(
      image: Extent(height: model.imageHeight, width: model.imageWidth))
    // Below 0 the network keeps its own value.
    if model.dropPath >= 0 { options.dropPath = Float(model.dropPath) }
    if model.layerScale >= 0 { options.layerScale = Float(model.layerScale) }
    return options
  }

  /// The untrained network of the recipe.
  ///
  /// - Throws: `ModelReferenceError` for a name that no network for pretraining has,
  ///   ``PretrainingError/unsuitable(reason:)`` for a key that the network has no use for.
  public func makeBackbone(
    random: RandomStream
  ) throws -> (backbone: any MaskableBackbone, entry: BackboneCatalog.Entry) {
    do throws(ModelReferenceError) {
      return try ModelFolder.makeBackbone(
        named: model.backbone, options: backboneOptions, random: random)
    } catch {
      guard case .backbone(.unsupported(let name, let options)) = error else { throw error }
      let keys = ["drop_path_rate": "model.dropPath", "init_values": "model.layerScale"]
      let given = options.map { keys[$0] ?? $0 }.joined(separator: " and ")
      throw PretrainingError.unsuitable(
        reason:
          "\(given) has no effect on \(name), which is built without it; leave it out, or take "
          + "a backbone that has it, such as vit_tiny_patch16_224.")
    }
  }
}
