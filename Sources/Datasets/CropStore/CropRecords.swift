/// The records of a crop store as a collection; each is put together when it is asked for.
public struct CropRecords: Sendable, RandomAccessCollection {
  let table: CropTable

  /// Position of the first record: 0.
  public var startIndex: Int { 0 }
  /// Number of records.
  public var endIndex: Int { table.count }
  /// The record at a position.
  public subscript(position: Int) -> CropRecord { table.record(position) }
}
