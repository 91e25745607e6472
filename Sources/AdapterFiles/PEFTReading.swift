import Adapters
import Foundation
import Layers
import Tensors

/// What a PEFT folder asks for, in our terms: a plan, and the numbers by our paths.
///
/// Every tensor of the file is either used or named in an error, and so is everything that the
/// description announces and the file lacks. Where parts may be left out, they are listed instead.
struct PEFTReading {
  /// The plan with full paths.
  var plan: AdapterPlan
  /// Tensors by our paths and in our shapes.
  var numbers: [String: Tensor] = [:]
  /// What the file holds for layers that this network has not, and what it lacks for those it has.
  private(set) var leftOut: [String] = []
  /// Numbers of ours that PEFT's file never holds.
  var starts: Set<String> = []

  let configuration: PEFTConfiguration
  let path: String
  let adapted: AdaptedNetwork
  let targets: PEFTTargets
  let naming: PEFTNaming
  private let allowsPartial: Bool
  private let sites: [String: SiteGeometry]
  /// PEFT's name of each site of the file.
  private var originals: [String: String] = [:]
  /// Tensors of adapters by site and suffix, and those of the base by parameter, that nobody took yet.
  private var grouped: [String: [String: Tensor]] = [:]
  private var own: [String: Tensor] = [:]

  init(
    _ configuration: PEFTConfiguration, tensors: [String: Tensor], path: String,
    adapted: AdaptedNetwork, allowsPartial: Bool
  ) throws {
    self.configuration = configuration
    self.path = path
    self.adapted = adapted
    self.allowsPartial = allowsPartial
    targets = try PEFTTargets(configuration)
    plan = AdapterPlan(LoRA())
    var sites: [String: SiteGeometry] = [:]
    for site in adapted.sites {
      sites[site.layerPath] = site.geometry
      for part in site.layer.parts {
        guard let range = site.layer.outputs(ofPart: part) else { continue }
        sites["\(site.layerPath)[\(part)]"] = site.geometry.part(range)
      }
    }
    self.sites = sites
    let entries = tensors.map { (PEFTNames.entry($0.key), $0.value) }
    naming = PEFTNaming(of: entries.map(\.0.original).sorted())
    for (entry, tensor) in entries {
      let isTaken =
        entry.suffix.map { grouped[entry.site]?[$0] != nil } ?? (own[entry.site] != nil)
      guard !isTaken else {
        let name = entry.suffix.map { "\(entry.site).\($0)" } ?? entry.site
        throw AdapterFileError.malformed(path: path, reason: "two of its tensors mean \(name)")
      }
      if let suffix = entry.suffix {
        originals[entry.site] = entry.original
        grouped[entry.site, default: [:]][suffix] = tensor
      } else {
        own[entry.site] = tensor
      }
    }
    try addKind()
    try addParameters()
    try refuseRest()
    guard !plan.sites.isEmpty || plan.method is NormalizationTuning else {
      throw AdapterFileError.malformed(
        path: path, reason: "it holds no numbers of an adapted layer of this network")
    }
  }

  /// Whether a number of ours may keep its start, because PEFT's file never holds it.
  func keepsStart(_ path: String) -> Bool { starts.contains(path) }

  func unsupported(_ reason: String) -> AdapterFileError {
    .unsupported(path: configuration.path, kind: configuration.kind, reason: reason)
  }

  // MARK: Taking what the file holds

  /// The sites for which the file holds one of some tensors, in order, held against the description.
  ///
  /// - Parameter suffixes: what a site of this kind of adapter has.
  mutating func sites(
    with suffixes: [String]
  ) throws(AdapterFileError) -> [(site: String, geometry: SiteGeometry)] {
    let found = grouped.keys.filter { site in
      suffixes.contains { grouped[site]?[$0] != nil }
    }
    try compare(
      found: found,
      announced: sites.keys.filter { site in
        naming.module(of: site).map {
          targets.adapts($0, isLinear: sites[site]?.kind == .linear)
        } ?? false
      })
    return found.sorted().compactMap { site in sites[site].map { (site, $0) } }
  }

  /// Holds modules with numbers in the file against those that the description names.
  mutating func compare(
    found: some Sequence<String>, announced: some Sequence<String>
  ) throws(AdapterFileError) {
    let found = Set(found)
    let announced = Set(announced)
    // A module that the description does not name is one that PEFT leaves out without a word.
    let foreign = found.subtracting(announced)
    if !foreign.isEmpty {
      let names = foreign.flatMap { site in
        (grouped[site] ?? [:]).keys.map { "\(site).\($0)" }
      }
      guard allowsPartial else {
        throw .unexpected(path: path, names: names.sorted())
      }
      leftOut += names.sorted()
      for site in foreign { grouped[site] = nil }
    }
    guard !targets.choosesLayers else { return }
    try leave(out: announced.subtracting(found).sorted())
  }

  /// Refuses what the file lacks, or lists it where parts may be missing.
  mutating func leave(out missing: [String]) throws(AdapterFileError) {
    if missing.isEmpty { return }
    guard allowsPartial else { throw .missing(path: path, names: missing) }
    leftOut += missing
  }

  /// Takes a tensor of a site, which must be there.
  mutating func take(_ suffix: String, at site: String) throws(AdapterFileError) -> Tensor {
    guard let found = takeIfPresent(suffix, at: site) else {
      throw .missing(path: path, names: ["\(site).\(suffix)"])
    }
    return found
  }

  /// Takes a tensor of a site, if there is one.
  mutating func takeIfPresent(_ suffix: String, at site: String) -> Tensor? {
    grouped[site]?.removeValue(forKey: suffix)
  }

  /// Takes a tensor that belongs to no site.
  mutating func takeOwn(_ name: String) -> Tensor? { own.removeValue(forKey: name) }

  /// The names of all tensors of the base that nobody took yet.
  var ownNames: [String] { own.keys.sorted() }

  /// The sites with some tensor that nobody took yet.
  var openSites: [String] { grouped.keys.sorted() }

  /// What is left belongs to nothing here.
  private mutating func refuseRest() throws(AdapterFileError) {
    let known = Set(sites.keys)
    let rest = grouped.flatMap { site, values in values.keys.map { (site, "\(site).\($0)") } }
    var names = own.keys.sorted()
    for (site, name) in rest.sorted(by: { $0.1 < $1.1 }) {
      // A tensor too many at a layer of this network is no part of another one.
      guard !known.contains(site) || !allowsPartial else {
        throw .unexpected(path: path, names: [name])
      }
      names.append(name)
    }
    guard !names.isEmpty else { return }
    guard allowsPartial else { throw .unexpected(path: path, names: names) }
    leftOut += names
  }

  // MARK: Rank and strength

  /// Checks the rank of the description against the tensors' and answers alpha.
  func alpha(
    at site: String, rank: Int, names: (rank: String, alpha: String)
  ) throws(AdapterFileError) -> Double {
    let module = originals[site] ?? site
    var described = try configuration.number(names.rank, default: 8)
    if let own = try configuration.pattern("rank_pattern", at: module) { described = own }
    let wanted = try configuration.whole(described, of: names.rank)
    guard wanted == rank else {
      throw .rank(path: configuration.path, site: site, described: wanted, found: rank)
    }
    if let own = try configuration.pattern("alpha_pattern", at: module) { return own }
    return try configuration.number(names.alpha, default: 8)
  }

  /// The rank that the description gives a site.
  func describedRank(at site: String, default other: Int) throws(AdapterFileError) -> Int {
    guard let own = try configuration.pattern("rank_pattern", at: originals[site] ?? site) else {
      return other
    }
    return try configuration.whole(own, of: "rank_pattern")
  }

  /// Checks how many components the description says are left at a site of AdaLoRA's.
  func requireComponents(_ found: Int, at site: String, first: Int) throws(AdapterFileError) {
    let described = configuration.keptComponents(of: originals[site] ?? site) ?? first
    guard described == found else {
      throw .rank(path: configuration.path, site: site, described: described, found: found)
    }
  }

  mutating func plan(_ site: String, rank: Int, alpha: Double) {
    plan.sites.append("=" + site)
    plan.ranks[site] = rank
    plan.alphas[site] = alpha
  }
}
