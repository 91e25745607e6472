import Synchronization

/// Whether the person asked a command to stop; polled by training between steps.
public final class Interruption: Sendable {
  private let requests = Atomic<Int>(0)

  /// An interruption nobody asked for yet.
  public init() {}

  /// Whether at least one request came.
  public var isRequested: Bool { requests.load(ordering: .acquiring) > 0 }

  /// Asks the command to stop.
  ///
  /// - Returns: how many requests have come, this one included.
  @discardableResult
  public func request() -> Int {
    requests.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
  }
}
