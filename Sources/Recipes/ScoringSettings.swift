/// How `vision-evaluate` compares features; each key is a flag of the command too.
public struct ScoringSettings: RecipeSettings {
  /// The output of a model that is compared.
  public enum Feature: String, RecipeChoice {
    /// What a fine-tuned model searches by, else pooled features.
    case automatic
    /// Pooled features.
    case backbone
    /// The head of a pretraining run.
    case embedding
    /// What a fine-tuned model searches by.
    case task
  }

  /// Which matches count; the command lists the names for each task.
  public var `protocol` = "automatic"
  /// The output that is compared.
  public var feature = Feature.automatic
  /// Numbers of each vector that are compared; 0 for all.
  public var length = 0
  /// Whether mirror images are averaged.
  public var flip = false
  /// Whether lists are re-ranked by k-reciprocal neighbours.
  public var rerank = false
  /// Neighbourhood size of re-ranking.
  public var rerankK1 = 20
  /// Neighbours averaged by re-ranking.
  public var rerankK2 = 6
  /// Weight of the plain distance in re-ranking, 0…1.
  public var rerankLambda = 0.3
  /// Nearest features that replace each; 0 for none.
  public var expand = 0
  /// Power of the cosines that weigh them.
  public var expandAlpha = 3.0

  /// The defaults of the command.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ScoringSettings>] = [
    .name("protocol", \.protocol, "--protocol; automatic = by task and data"),
    .choice("feature", \.feature, "--feature: output that is compared"),
    .integer("length", \.length, 0...1_000_000, "--length: numbers of each vector; 0 = all"),
    .flag("flip", \.flip, "--flip: mirror images are averaged"),
    .flag("rerank", \.rerank, "--rerank: by k-reciprocal neighbours"),
    .integer("rerankK1", \.rerankK1, 1...1_000_000, "--rerank-k1: size of neighbourhoods"),
    .integer("rerankK2", \.rerankK2, 1...1_000_000, "--rerank-k2: neighbours averaged"),
    .number("rerankLambda", \.rerankLambda, 0...1, "--rerank-lambda: of the plain distance"),
    .integer(
      "expand", \.expand, 0...1_000_000, "--expand: nearest that replace a feature; 0 = off"),
    .number("expandAlpha", \.expandAlpha, 0...1000, "--expand-alpha: power of their weights"),
  ]
}
