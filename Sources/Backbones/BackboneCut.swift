/// A place between two parts of a network, where a pass can stop and go on later from what was kept.
public enum BackboneCut: Sendable, Hashable, Comparable {
  /// Before everything: the pictures.
  case pictures
  /// Behind the embedding and so many blocks.
  case blocks(Int)
  /// Behind everything: the finished features.
  case features
}
