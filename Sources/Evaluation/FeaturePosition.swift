/// Which output of a model describes a picture.
public enum FeaturePosition: String, Sendable, Hashable, Codable, CaseIterable {
  /// The backbone's pooled features, before any head.
  case backbone
  /// The embedding that pretraining compared persons by; needs the run's embedding head.
  case embedding
  /// What a fine-tuned model compares when searching; needs its task's head.
  case task
}
