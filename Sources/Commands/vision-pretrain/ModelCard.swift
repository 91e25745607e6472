import Recipes
import Storage

/// The `README.md` of a model folder: what the model is, how pictures go in, how it was made.
struct ModelCard {
  let configuration: ModelConfiguration
  let recipe: PretrainingRecipe

  var text: String {
    let preparation = configuration.pretrainedCfg
    let size = preparation.inputSize
    let isAveraged = recipe.optimizer.exponentialMovingAverage > 0
    func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
    return """
      # \(configuration.architecture), pretrained on footage

      An encoder that vision-pretrain of swift-vision trained without labels.

      | | |
      |---|---|
      | architecture | \(configuration.architecture) |
      | features | \(configuration.numFeatures) values, averaged over positions |
      | objective | \(recipe.schedule.objective.rawValue) |
      | recipe | \(recipe.base.rawValue), seed \(recipe.seed) |
      | made by | \(configuration.swiftVision.origin) |

      ## Pictures

      RGB, resized to \(size[2]) pixels wide and \(size[1]) high without regard to their shape, values \
      0 to 1; then subtract the mean (\(list(preparation.mean))) and divide by the deviation \
      (\(list(preparation.std))).

      ## Files

      - `model.safetensors`: the encoder after the last step\(isAveraged ? ", averaged over steps" : ""); \
      without labels nothing tells an earlier one that is better
      - `heads.safetensors`: the heads of pretraining, not needed to use the encoder
      - `config.json`: architecture and preparation of pictures, with the keys of timm

      """
  }
}
