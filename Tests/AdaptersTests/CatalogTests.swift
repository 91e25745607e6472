import Adapters
import Foundation
import Gradients
import Layers
import Optimizers
import Tensors
import Testing

/// The table of every method on every kind of site.
struct CatalogTests {
  /// A method on a kind of site that it takes.
  struct Row: Sendable, CustomTestStringConvertible {
    let method: String
    let site: SiteCase

    var testDescription: String { "\(method) on \(site.rawValue)" }

    /// Attaches the method with small settings.
    func attach() throws -> (
      network: OneLayer, input: Tensor, adapted: AdaptedNetwork, adapter: NetworkAdapter
    ) {
      let (network, input) = site.make()
      let adapted = AdaptedNetwork(network)
      let method = try CatalogTests.method(self.method)
      // Methods that tune parameters alone name no sites.
      let isTuning = CatalogTests.tuningOnly.contains(self.method)
      let adapter = try adapted.attach(
        AdapterPlan(method, sites: isTuning ? [] : [site.pattern]),
        random: RandomStream(seed: 21))
      return (network, input, adapted, adapter)
    }
  }

  /// Methods without site adapters.
  static let tuningOnly: Set<String> = ["bitfit", "lntuning"]

  /// Methods whose effect depends on the picture, so that no one weight does the same.
  static let unmergeable: Set<String> = ["petalface", "wara token with gains"]

  /// Methods whose gradient treats a part of the formula as a constant; they have tests of their own.
  static let detached: Set<String> = ["dora"]

  /// A method with settings that suit the small layers.
  static func small(_ name: String) throws -> any AdapterMethod {
    let type = try AdapterCatalog.type(named: name)
    let known = Set(type.settings.map(\.name))
    let wanted = ["rank": "2", "alpha": "3", "dropout": "0", "targetRank": "1"]
      .filter { known.contains($0.key) }
    return try AdapterCatalog.method(named: name, settings: wanted)
  }

  /// Further settings under which a method is another one, with the name of its rows.
  static let variants: [(name: String, method: @Sendable () throws -> any AdapterMethod)] = [
    ("wara feature", { WaRA(.feature, rank: 2, alpha: 3) }),
    ("wara feature with gains, db2", { WaRA(.feature, rank: 2, wavelet: .db2, gains: true) }),
    ("wara token", { WaRA(.token, rank: 2, alpha: 3) }),
    ("wara token with gains", { WaRA(.token, rank: 2, alpha: 3, gains: true) }),
    ("wara weight db2", { WaRA(.weight, rank: 2, alpha: 3, wavelet: .db2) }),
    ("lokr in factors", { try AdapterCatalog.method(named: "lokr", settings: ["rank": "1"]) }),
  ]

  /// Which methods refuse which sites; everything else is a row.
  ///
  /// A method without a line takes all. One that begins to refuse a site, or stops to, fails the test
  /// of this list.
  static let refused: [String: Set<SiteCase>] = [
    // One small kernel for each channel is tuned in full.
    "lora": [.depthwise], "dora": [.depthwise], "pissa": [.depthwise], "sora": [.depthwise],
    "colora": [.depthwise], "petalface": [.depthwise],
    // Components, projections and wavelets span all channels.
    "adalora": [.grouped, .depthwise], "vera": [.grouped, .depthwise],
    "wara": [.grouped, .depthwise], "wara feature": [.grouped, .depthwise],
    "wara weight db2": [.grouped, .depthwise],
    "wara feature with gains, db2": [.grouped, .depthwise],
    // The picture of tokens would be mixed with that of the kernel.
    "wara token": [.convolution, .strided, .tiled, .grouped, .depthwise],
    "wara token with gains": [.convolution, .strided, .tiled, .grouped, .depthwise],
  ]

  /// A method by the name of its rows.
  static func method(_ name: String) throws -> any AdapterMethod {
    if let variant = variants.first(where: { $0.name == name }) { return try variant.method() }
    return name == OutputGain.name ? OutputGain() : try small(name)
  }

  /// The catalogue's methods and the documented example on every kind of site they take.
  static let rows: [Row] =
    catalogRows + SiteCase.allCases.map { Row(method: OutputGain.name, site: $0) }

  private static let names = AdapterCatalog.all.map { $0.name } + variants.map(\.name)

  private static let catalogRows: [Row] = names.flatMap { name in
    SiteCase.allCases.compactMap { site in
      refused[name]?.contains(site) == true ? nil : Row(method: name, site: site)
    }
  }

  @Test(arguments: names.filter { !tuningOnly.contains($0) }, SiteCase.allCases)
  func `every method takes or refuses the sites that the table says`(
    name: String, site: SiteCase
  ) throws {
    let (network, _) = site.make()
    let geometry =
      site == .part ? network.layer.geometry.part(0..<8) : network.layer.geometry
    let reason = try Self.method(name).refusal(of: geometry)
    let isRefused = Self.refused[name, default: []].contains(site)
    #expect((reason != nil) == isRefused, "\(reason ?? "taken")")
    // The reason ends a sentence about the layer.
    if let reason { #expect(reason.split(separator: " ").count >= 4, "\(reason)") }
  }

  @Test func `names are unique and every method has rows`() {
    let names = AdapterCatalog.all.map { $0.name }
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(Self.rows.contains { $0.method == name }, "\(name)")
      #expect(AdapterCatalog.all.first { $0.name == name }?.summary.isEmpty == false)
    }
  }

  @Test func `the documented example is the one that is compiled here`() throws {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let code = try String(
      contentsOf: here.appendingPathComponent("OutputGain.swift"), encoding: .utf8)
    let page = try String(
      contentsOf: here.appendingPathComponent("../../docs/add-an-adapter.md").standardized,
      encoding: .utf8)
    // In its place among the sources it needs no import of them.
    let inPlace = code.replacingOccurrences(of: "import Adapters\n", with: "")
    #expect(page.contains("```swift\n\(inPlace)```\n"))
  }

  @Test(arguments: rows)
  func `starts as the identity`(row: Row) throws {
    let (network, input, adapted, _) = try row.attach()
    let adaptedOutput = network.output(input)
    try adapted.activate([:])
    #expect(largestDifference(adaptedOutput, network.output(input)) < 2e-6)
  }

  @Test(arguments: rows)
  func `trains as many numbers as declared and no other`(row: Row) throws {
    let (network, input, _, adapter) = try row.attach()
    #expect(adapter.parameterCount == adapter.declaredCount)
    adapter.disturb()
    let context = ForwardContext.training(random: RandomStream(seed: 1))
    let output = network(Variable(input), in: context)
    context.backward(from: (output * output).summed())
    for (path, parameter) in network.parameters { #expect(parameter.gradient == nil, "\(path)") }
    for (path, parameter) in adapter.parameters where parameter.isTrainable {
      #expect((parameter.gradient?.summedSquares() ?? 0) > 0, "\(path) has no gradient")
      #expect(parameter.gradient?.shape == parameter.value.shape)
    }
  }

  @Test(arguments: rows.filter { !detached.contains($0.method) })
  func `gradients equal finite differences`(row: Row) throws {
    let (network, input, _, adapter) = try row.attach()
    adapter.disturb()
    let parameters = adapter.parameters.map(\.parameter).filter(\.isTrainable)
    func outputs(_ values: [Tensor], _ context: ForwardContext, _ x: Variable) -> Variable {
      for (parameter, value) in zip(parameters, values) { parameter.value = value }
      return network(x, in: context)
    }
    // The check varies plain tensors; parameters become leaves of its tape by way of the context.
    let start = parameters.map(\.value)
    let context = ForwardContext.training(random: RandomStream(seed: 1))
    let output = outputs(start, context, Variable(input))
    var random = RandomStream(seed: 6)
    let weights = random.uniform(shape: output.shape, bound: 1)
    context.backward(from: output, seed: weights)
    func value(_ values: [Tensor]) -> Double {
      let output = outputs(values, .inference(), Variable(input)).value
      return zip(output.values, weights.values).reduce(0) {
        $0 + Double($1.0) * Double($1.1)
      }
    }
    // What rounding of the outputs may move a difference by.
    let rounding = zip(output.value.values, weights.values).reduce(0) {
      $0 + Double(abs($1.0 * $1.1)) * 1e-7 / 6e-3
    }
    for index in parameters.indices {
      let gradient = try #require(parameters[index].gradient)
      var (error, largest) = (0.0, 1e-3)
      for position in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 12)) {
        func moved(_ step: Float) -> Double {
          var values = start
          values[index][position] += step
          return value(values)
        }
        let numeric = (moved(3e-3) - moved(-3e-3)) / 6e-3
        error = max(error, abs(numeric - Double(gradient[position])))
        largest = max(largest, abs(numeric))
      }
      #expect(error < 2e-2 * largest + rounding, "\(adapter.parameters[index].path)")
    }
  }

  @Test(arguments: rows.filter { !unmergeable.contains($0.method) })
  func `merged equals unmerged, and unmerging restores the base`(row: Row) throws {
    let (network, input, adapted, adapter) = try row.attach()
    let base = network.parameters.map(\.parameter.value)
    adapter.disturb()
    let separate = network.output(input)
    try adapted.merge()
    let size = separate.values.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(network.output(input), separate) <= 1e-5 * max(1, size))
    adapted.unmerge()
    #expect(network.parameters.map(\.parameter.value) == base)
    #expect(network.output(input) == separate)
  }

  @Test(arguments: rows.filter { unmergeable.contains($0.method) })
  func `what depends on the picture is not merged`(row: Row) throws {
    let (network, input, adapted, adapter) = try row.attach()
    adapter.disturb()
    let separate = network.output(input)
    do {
      try adapted.merge()
      Issue.record("\(row.method) was merged")
    } catch {
      guard case .notMergeable = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(!adapted.isMerged && network.output(input) == separate)
  }

  @Test(arguments: rows)
  func `detaching restores the base byte for byte`(row: Row) throws {
    let (plain, input) = row.site.make()
    let expected = plain.output(input)
    let (network, _, adapted, adapter) = try row.attach()
    adapter.disturb()
    #expect(network.output(input) != expected)
    try adapted.detach("default")
    #expect(network.output(input) == expected)
    #expect(network.parameters.map(\.parameter.value) == plain.parameters.map(\.parameter.value))
    #expect(network.parameters.allSatisfy { $0.parameter.tuning == nil })
  }

  @Test(arguments: rows)
  func `resumes bit for bit from its state`(row: Row) throws {
    func train(
      _ steps: Range<Int>, _ state: (values: [Tensor], buffers: [Tensor], OptimizerState)?
    ) throws -> (values: [Tensor], buffers: [Tensor], OptimizerState) {
      let (network, input, _, adapter) = try row.attach()
      let optimizer = AdamW(adapter.parameters)
      if let state {
        for (entry, value) in zip(adapter.parameters, state.values) {
          entry.parameter.value = value
        }
        for (entry, value) in zip(adapter.buffers, state.buffers) { entry.buffer.value = value }
        #expect(optimizer.restore(state.2).isEmpty)
      }
      for step in steps {
        let context = ForwardContext.training(random: RandomStream(seed: 8).split(step))
        let output = network(Variable(input), in: context)
        var loss = (output * output).mean()
        if let penalty = adapter.penalty(in: context) { loss = loss + penalty }
        context.backward(from: loss)
        optimizer.update(rate: 1e-2)
      }
      return (
        adapter.parameters.map(\.parameter.value), adapter.buffers.map(\.buffer.value),
        optimizer.state
      )
    }
    let whole = try train(0..<4, nil)
    let half = try train(0..<2, nil)
    #expect(half.values != whole.values)
    #expect(try train(2..<4, half).values == whole.values)
  }

  /// Stored numbers that nobody types: the division of a budget gives every site its own.
  static let divided: [String: Set<String>] = ["colora": ["rank", "alpha"]]

  @Test(arguments: AdapterCatalog.all.map { $0.name })
  func `settings are declared once, hold their defaults, and read back what they write`(
    name: String
  ) throws {
    let type = try AdapterCatalog.type(named: name)
    let data = try JSONEncoder().encode(type.init())
    let stored = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let declared = type.settings.map(\.name)
    #expect(Set(declared).count == declared.count)
    #expect(Set(declared).union(Self.divided[name] ?? []) == Set(stored.keys))
    try type.init().validate()
    for (setting, text) in type.init().settingTexts {
      #expect(!setting.meaning.isEmpty)
      let made = try AdapterCatalog.method(named: name, settings: [setting.name: text])
      #expect(made.settingTexts.map(\.text) == type.init().settingTexts.map(\.text))
      // Names and patterns of sites are looked up later, by those who know them.
      switch setting.values {
      case .name, .patterns: continue
      default:
        #expect(throws: AdapterError.self, "\(setting.name)") {
          try AdapterCatalog.method(named: name, settings: [setting.name: "-9e99"])
        }
      }
    }
  }

  @Test func `settings are typed as texts, and wrong ones are told by name`() throws {
    let wara = try #require(
      try AdapterCatalog.method(
        named: "wara",
        settings: [
          "variant": "weight", "rank": "4", "bands": "LL,HH", "bandRanks": "3,2", "wavelet": "db2",
        ]) as? WaRA)
    #expect(wara.bands == [.ll, .hh] && wara.bandRanks == [3, 2] && wara.wavelet == .db2)
    let gated = try #require(
      try AdapterCatalog.method(
        named: "petalface", settings: ["single": "head,neck", "threshold": "0.25"]) as? PETALface)
    #expect(gated.single == ["head", "neck"] && gated.threshold == 0.25)
    func sentence(_ method: String, _ settings: [String: String]) -> String {
      do {
        _ = try AdapterCatalog.method(named: method, settings: settings)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(sentence("lora", ["alhpa": "4"]).contains("did you mean \"alpha\""))
    #expect(sentence("lora", ["levels": "2"]).contains("belongs to wara"))
    #expect(sentence("bitfit", ["rank": "2"]).contains("bitfit, which has none"))
    #expect(sentence("lora", ["rank": "0"]).contains("a whole number from 1 to"))
    #expect(sentence("lora", ["rank": "four"]).contains("cannot be \"four\""))
    #expect(sentence("lora", ["alpha": "nan"]).contains("cannot be \"nan\""))
    #expect(sentence("wara", ["variant": "waves"]).contains("weight, feature, token"))
    #expect(sentence("wara", ["inner": "gelu"]).contains("token variant"))
    #expect(sentence("colora", ["contribution": "uniform", "points": "4"]).contains("faig"))
    #expect(sentence("colora", ["rank": "4"]).contains("belongs to lora"))
    var broken = LoRA()
    broken.alpha = .nan
    #expect(throws: AdapterError.self) { try broken.validate() }
  }

  @Test func `the documentation holds the table of settings`() throws {
    let table = AdapterCatalog.settingTable()
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/recipes.md").standardized
    guard try !String(contentsOf: page, encoding: .utf8).contains(table) else { return }
    let current = FileManager.default.temporaryDirectory
      .appendingPathComponent("adapter-settings.md")
    try Data(table.utf8).write(to: current)
    Issue.record("docs/recipes.md is out of date; its table is now that of \(current.path)")
  }

  @Test(arguments: AdapterCatalog.all.map { $0.name })
  func `a plan survives its file`(name: String) throws {
    let plan = AdapterPlan(
      try Self.small(name), sites: ["qkv[q]"], excluded: ["fc1"], ranks: ["a.b": 3],
      alphas: ["a.b": 1.5], tuned: ["norm"])
    let data = try JSONEncoder().encode(plan)
    let again = try JSONDecoder().decode(AdapterPlan.self, from: data)
    let options = JSONEncoder()
    options.outputFormatting = .sortedKeys
    let (first, second) = (try options.encode(plan), try options.encode(again))
    #expect(first == second)
    #expect(type(of: again.method).name == name)
  }
}
