public import Datasets

/// What a person folder holds, as it is printed and written into results.
public struct DataSummary: Sendable, Encodable {
  /// Where the pictures are.
  public var path: String
  /// The arrangement found, in words.
  public var layout: String
  /// Numbers by split; splits without pictures are left out.
  public var splits: [String: PersonFolder.Counts]
  /// Camera numbers of query and gallery, ascending.
  public var cameras: [Int]
  /// Pictures of person −1, left out by the rule of Market-1501.
  public var junk: Int
  /// Whether query and gallery were drawn from one set.
  public var isDrawnSplit: Bool

  private enum CodingKeys: String, CodingKey {
    case path, layout, splits, cameras, junk
    case isDrawnSplit = "drawnSplit"
  }

  /// Sums up a folder.
  public init(_ folder: PersonFolder) {
    path = folder.path
    layout = folder.layout
    splits = [:]
    for split in LabelledImage.Split.allCases where !folder[split].isEmpty {
      splits[split.rawValue] = folder.counts(split)
    }
    cameras = Set((folder.query + folder.gallery).compactMap(\.camera)).sorted()
    junk = folder.junk
    isDrawnSplit = folder.isSeededSplit
  }
}
