public import Layers
public import Tensors

/// A way to change a frozen network by few numbers: the settings, and how the numbers are made.
///
/// A method is one file: a value type with its settings, and a class that conforms to ``SiteAdapter``.
/// One line in ``AdapterCatalog`` makes it known by name. Its settings are stored properties, which
/// ``settings`` lists with what they take.
public protocol AdapterMethod: Codable, Sendable {
  /// Name as people type it: lower case, short.
  static var name: String { get }
  /// What it is, in a few words.
  static var summary: String { get }
  /// Every setting that people may type, in the order of the documentation.
  static var settings: [AdapterSetting] { get }

  /// The default settings.
  init()

  /// Checks the settings, one by one and together.
  func validate() throws(AdapterError)

  /// Checks the settings against the sites that a plan came to.
  func validate(at sites: [AdapterSite]) throws(AdapterError)

  /// A sentence for people whose settings work but do not do what their names promise; `nil` for none.
  var advice: String? { get }

  /// The settings at one site, for methods that treat sites differently by their paths.
  func settled(at site: AdapterSite) -> Self

  /// Why the method cannot act on a site, or `nil` where it can.
  func refusal(of site: SiteGeometry) -> String?

  /// Whether a parameter of the base is tuned in full.
  func tunes(_ parameter: TunableParameter) -> Bool

  /// Trained numbers at one site, by formula.
  func parameterCount(at site: SiteGeometry) -> Int

  /// Makes the adapter of one site.
  ///
  /// - Parameter attachment: the other sites, tensors they share, the site's random numbers, and what was
  ///   measured there.
  func makeAdapter(for site: AdapterSite, in attachment: Attachment) throws(AdapterError)
    -> any SiteAdapter

  /// The rule that moves components between sites during training, or `nil` for none.
  func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)?
}

extension AdapterMethod {
  /// The same at every site.
  public func settled(at site: AdapterSite) -> Self { self }

  /// No setting names sites.
  public func validate(at sites: [AdapterSite]) throws(AdapterError) {}

  /// Nothing to say.
  public var advice: String? { nil }

  /// No rule.
  public func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)? { nil }

  /// Nothing is tuned in full.
  public func tunes(_ parameter: TunableParameter) -> Bool { false }
}

/// A method whose size is set by a rank, which may differ from site to site.
public protocol RankedMethod: AdapterMethod {
  /// Components of the change at a site.
  var rank: Int { get set }
  /// Strength of the change before the division by the rank.
  var alpha: Double { get set }
}

/// What a method may use while an adapter is attached.
public final class Attachment {
  /// All sites of the adapter, in the order of the network.
  public let sites: [AdapterSite]
  private let random: RandomStream
  private let statistics: [String: SiteStatistics]
  /// Frozen tensors that several sites use, by name.
  public private(set) var shared: [String: Buffer] = [:]

  init(
    sites: [AdapterSite], random: RandomStream, statistics: [String: SiteStatistics] = [:]
  ) {
    self.sites = sites
    self.random = random
    self.statistics = statistics
  }

  /// The random numbers of one site; they depend on the seed and the path alone.
  public func random(for site: AdapterSite) -> RandomStream { random.split(site.path) }

  /// What pictures of the task do at a site, for factors that start from data; `nil` where nobody
  /// measured it.
  public func statistics(at site: AdapterSite) -> SiteStatistics? { statistics[site.path] }

  /// A frozen tensor used by several sites, made at the first request.
  public func shared(_ name: String, make: (inout RandomStream) -> Tensor) -> Buffer {
    if let buffer = shared[name] { return buffer }
    var random = random.split("shared").split(name)
    let buffer = Buffer(make(&random))
    shared[name] = buffer
    return buffer
  }
}
