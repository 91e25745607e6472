import ArgumentParser
import CommandSupport
import Recipes

extension Evaluate {
  /// The same call with what a recipe says of scoring; flags are stronger.
  ///
  /// - Throws: `CommandFailure` of usage where settings contradict each other or the task.
  func filled(from recipe: EvaluationRecipe) throws -> Evaluate {
    let (scoring, defaults) = (recipe.scoring, ScoringSettings())
    var filled = self
    if rule == nil, scoring.protocol != defaults.protocol { filled.rule = scoring.protocol }
    filled.feature = feature ?? FeatureChoice(rawValue: scoring.feature.rawValue)
    if length == nil, scoring.length > 0 { filled.length = scoring.length }
    filled.flip = flip || scoring.flip
    filled.rerank = rerank || scoring.rerank
    // What belongs to re-ranking or expansion is kept aside until one of them is on.
    if filled.rerank {
      filled.firstNeighbours = firstNeighbours ?? scoring.rerankK1
      filled.secondNeighbours = secondNeighbours ?? scoring.rerankK2
      filled.plainWeight = plainWeight ?? scoring.rerankLambda
    }
    if expand == nil, scoring.expand > 0 { filled.expand = scoring.expand }
    if filled.expand != nil { filled.expansionPower = expansionPower ?? scoring.expandAlpha }
    do {
      try filled.validate()
    } catch let error as ValidationError {
      throw CommandFailure(
        .usage, "\(error.message.clause) (flags and the recipe's scoring together).")
    }
    return filled
  }
}
