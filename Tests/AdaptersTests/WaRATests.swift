import Adapters
import Backbones
import Gradients
import Layers
import Tensors
import Testing

struct WaRATests {
  private func values(_ shape: [Int], _ purpose: String) -> Tensor {
    var random = RandomStream(seed: 40).split(purpose)
    return random.uniform(shape: shape, bound: 1)
  }

  /// One adapter on a plain map, disturbed, with what it adds to an input.
  private struct OneSite {
    let site: SiteGeometry
    let adapter: any SiteAdapter

    init(_ method: WaRA, _ site: SiteGeometry) throws {
      var random = RandomStream(seed: 41)
      let network = OneLayer(
        site.kind == .linear
          ? Linear(uniform: site.inputs, site.outputs, random: &random)
          : Convolution2D(
            site.inputs, site.outputs, kernel: site.kernelHeight, stride: site.stride,
            padding: site.padding, random: &random))
      let attached = try AdaptedNetwork(network).attach(
        AdapterPlan(method, sites: ["layer"]), random: random)
      attached.disturb()
      self.site = site
      adapter = try #require(attached.attached.first?.adapter)
    }

    func parameter(_ end: String) throws -> Tensor {
      try #require(adapter.parameters.first { $0.path.hasSuffix(end) }).parameter.value
    }

    func set(_ end: String, _ value: Tensor) throws {
      try #require(adapter.parameters.first { $0.path.hasSuffix(end) }).parameter.value = value
    }

    /// What its export as plain factors does.
    var exported: Tensor? {
      guard let form = (adapter as? any LowRankExpressible)?.lowRankForm(at: site) else {
        return nil
      }
      return (site.product(ofUp: Variable(form.up), down: Variable(form.down)) * form.scale).value
    }

    var change: Tensor? {
      adapter.weightChange(at: site, of: Variable(Tensor(zeros: site.weightShape)))?.value
    }

    /// What is added to a map of zeros.
    func addition(to input: Tensor) -> Tensor {
      let x = Variable(input)
      let zeros = Variable(Tensor(zeros: site.weightShape))
      let product = site.product(x, weight: zeros)
      switch adapter.effect(at: site, weight: zeros, input: x, in: .inference()) {
      case .none: return product.value
      case .lowRank(let terms): return site.product(x, weight: zeros, terms: terms).value
      case .weight(let change): return site.product(x, weight: change).value
      case .output(let addition): return addition(product, x).value
      }
    }
  }

  // MARK: Weight

  @Test func `coefficients of a weight go back as in PyWavelets`() throws {
    for plane in try WaveletGolden.load().planes {
      let wavelet = try #require(Wavelet(rawValue: plane.wavelet))
      let (rows, columns) = ((plane.rows + 1) / 2, (plane.columns + 1) / 2)
      // Full ranks with A the identity: B is then the band itself.
      let one = try OneSite(
        WaRA(
          .weight, rank: columns, wavelet: wavelet, bandRanks: [Int](repeating: columns, count: 4)),
        SiteGeometry(linear: plane.columns, plane.rows))
      for (index, band) in ["LL", "LH", "HL", "HH"].enumerated() {
        let identity = (0..<columns * columns).map { Float($0 % (columns + 1) == 0 ? 1 : 0) }
        try one.set("\(index).wara_A", Tensor(identity, shape: [columns, columns, 1]))
        try one.set(
          "\(index).wara_B",
          Tensor(try #require(plane.bands[band]), shape: [rows, columns]))
      }
      let change = try #require(one.change)
      #expect(
        largestDifference(
          change, Tensor(plane.reconstruction, shape: [plane.rows, plane.columns])) < 1e-5)
    }
  }

  @Test(
    arguments: [(Wavelet.haar, 7, 10, 1), (.haar, 8, 8, 2), (.haar, 9, 13, 3), (.db2, 8, 9, 1)])
  func `a weight's change is the sum over its bands`(
    wavelet: Wavelet, outputs: Int, inputs: Int, levels: Int
  ) throws {
    let site = SiteGeometry(linear: inputs, outputs)
    let method = WaRA(.weight, rank: 4, alpha: 6, wavelet: wavelet, levels: levels)
    let one = try OneSite(method, site)
    var wanted = Tensor(zeros: [outputs, inputs])
    var index = 0
    for level in 1...levels {
      for band in ["LL", "LH", "HL", "HH"] where band != "LL" || level == levels {
        func rows(_ letter: Character, _ length: Int) throws -> Tensor {
          var (size, result) = (length, Tensor?.none)
          for step in 1...level {
            let filter: Wavelet.Band = step == level && letter == "H" ? .high : .low
            let matrix = wavelet.matrix(filter, length: size)
            result = result.map { product(matrix, $0) } ?? matrix
            size = (size + 1) / 2
          }
          return try #require(result)
        }
        let letters = Array(band)
        let down = try one.parameter("bands.\(index).wara_A")
        let up = try one.parameter("bands.\(index).wara_B")
        #expect(down.shape[0] == ["LL": 4, "LH": 2, "HL": 2, "HH": 1][band])
        let coefficients = product(up, down.reshaped(Array(down.shape.dropLast())))
        wanted.add(
          product(
            transposed(try rows(letters[0], outputs)),
            product(coefficients, try rows(letters[1], inputs))), scaledBy: 6 / 4)
        index += 1
      }
    }
    #expect(index == 1 + 3 * levels)
    let change = try #require(one.change)
    #expect(largestDifference(change, wanted) < 1e-5)
    #expect(largestDifference(try #require(one.exported), wanted) < 1e-5)
    let input = values([2, 3, inputs], "x")
    #expect(
      largestDifference(
        one.addition(to: input),
        site.product(Variable(input), weight: Variable(wanted)).value) < 1e-5)
    let count = one.adapter.parameters.reduce(0) { $0 + $1.parameter.value.count }
    #expect(count == method.parameterCount(at: site))
  }

  @Test func `equal ranks in all bands cost twice the LoRA of that rank`() {
    let method = WaRA(.weight, rank: 4, bandRanks: [4, 4, 4, 4])
    let site = SiteGeometry(linear: 384, 1152)
    #expect(method.parameterCount(at: site) == 2 * 4 * (384 + 1152))
  }

  @Test func `a convolution is transformed tap by tap`() throws {
    let site = SiteGeometry(convolution: 5, 6, kernelHeight: 3, kernelWidth: 3, padding: 1)
    let one = try OneSite(WaRA(.weight, rank: 2, bands: [.hl]), site)
    let down = try one.parameter("wara_A")
    let up = try one.parameter("wara_B")
    #expect(down.shape == [1, 3, 9] && up.shape == [3, 1])
    let change = try #require(one.change)
    let (rows, columns) = (
      Wavelet.haar.matrix(.high, length: 6), Wavelet.haar.matrix(.low, length: 5)
    )
    for tap in 0..<9 {
      let slice = Variable(down).slice(tap..<tap + 1, axis: 2).reshaped([1, 3]).value
      let wanted = product(product(transposed(rows), product(up, slice)), columns)
      let found = Variable(change.reshaped([6, 5, 9])).slice(tap..<tap + 1, axis: 2)
        .reshaped([6, 5]).value
      #expect(largestDifference(found, wanted) < 1e-5)
    }
  }

  // MARK: Feature

  @Test func `one pair of factors in both bands of Haar is a Kronecker product`() throws {
    let one = try OneSite(WaRA(.feature, rank: 3), SiteGeometry(linear: 8, 10))
    let inner = product(
      try one.parameter("wara_B"), try one.parameter("wara_A").reshaped([3, 4]))
    let change = try #require(one.change)
    for row in 0..<10 {
      for column in 0..<8 {
        let wanted = row % 2 == column % 2 ? inner[row / 2 * 4 + column / 2] : 0
        #expect(abs(change[row * 8 + column] - wanted) < 1e-5)
      }
    }
    #expect(WaRA(.feature, rank: 3).parameterCount(at: one.site) == 3 * (8 + 10) / 2)
  }

  @Test(arguments: [Wavelet.haar, .db2], [(8, 10), (7, 9)])
  func `the features' bands with gains`(wavelet: Wavelet, size: (Int, Int)) throws {
    let (inputs, outputs) = size
    let one = try OneSite(
      WaRA(.feature, rank: 2, alpha: 3, wavelet: wavelet, gains: true),
      SiteGeometry(linear: inputs, outputs))
    let inner = product(
      try one.parameter("wara_B"),
      try one.parameter("wara_A").reshaped([2, (inputs + 1) / 2]))
    let gains = try one.parameter("wara_gains")
    var wanted = Tensor(zeros: [outputs, inputs])
    for (index, band) in [Wavelet.Band.low, .high].enumerated() {
      wanted.add(
        product(
          transposed(wavelet.matrix(band, length: outputs)),
          product(inner, wavelet.matrix(band, length: inputs))), scaledBy: 1.5 * gains[index])
    }
    #expect(largestDifference(try #require(one.change), wanted) < 1e-5)
    #expect(largestDifference(try #require(one.exported), wanted) < 1e-5)
  }

  // MARK: Token

  @Test(arguments: Wavelet.allCases, [false, true])
  func `bands treated alike are plain LoRA`(wavelet: Wavelet, gains: Bool) throws {
    // With gains, all 1 at the start, the transform is really done.
    let one = try OneSite(
      WaRA(.token, rank: 3, alpha: 2, wavelet: wavelet, gains: gains),
      SiteGeometry(linear: 6, 5))
    if gains { try one.set("wara_gains", Tensor(repeating: 1, shape: [4])) }
    let change = product(try one.parameter("wara_B"), try one.parameter("wara_A"))
      .scaled(by: 2 / 3)
    // 25 tokens, odd on both sides, and two before them; a picture; no tokens at all.
    for shape in [[2, 27, 6], [2, 5, 8, 6], [4, 6]] {
      let input = values(shape, "tokens")
      let wanted = Variable(input).linear(weight: Variable(change)).value
      #expect(largestDifference(one.addition(to: input), wanted) < 1e-5)
    }
    #expect((one.change == nil) == gains && (one.exported == nil) == gains)
    if let merged = one.change { #expect(largestDifference(merged, change) < 1e-6) }
  }

  @Test func `gains, bands and the activation act in the bands of the token picture`() throws {
    let (height, width, rank) = (4, 6, 2)
    var method = WaRA(.token, rank: rank, bands: [.ll, .hl], gains: true, inner: .gelu)
    method.gridHeight = height
    method.gridWidth = width
    let one = try OneSite(method, SiteGeometry(linear: 5, 3))
    let (down, up) = (try one.parameter("wara_A"), try one.parameter("wara_B"))
    let gains = try one.parameter("wara_gains")
    let input = values([1, 1 + height * width, 5], "tokens")
    let found = one.addition(to: input)
    // The definition: coefficients of every channel, then φ, B and the gains, then back.
    let hidden = product(input.reshaped([25, 5]), transposed(down))
    func smooth(_ x: Tensor) -> Tensor { Variable(x).gaussianErrorLinear().value }
    let prefix = product(smooth(hidden.rows(0..<1)), transposed(up))
    #expect(largestDifference(found.reshaped([25, 3]).rows(0..<1), prefix) < 1e-5)
    var changed = Tensor(zeros: [3, height * width])
    for (band, index) in [(WaRA.Band.ll, 0), (.hl, 2)] {
      let rows = Wavelet.haar.matrix(band == .ll ? .low : .high, length: height)
      let columns = Wavelet.haar.matrix(.low, length: width)
      var parts: [Variable] = []
      for component in 0..<rank {
        let plane = Variable(hidden.rows(1..<25)).slice(component..<component + 1, axis: 1)
          .reshaped([height, width]).value
        let inside = smooth(product(product(rows, plane), transposed(columns)))
        let back = product(product(transposed(rows), inside), columns)
        parts.append(Variable(back.reshaped([1, height * width])))
      }
      changed.add(
        product(up, Variable.concatenated(parts, axis: 0).value), scaledBy: gains[index])
    }
    #expect(
      largestDifference(found.reshaped([25, 3]).rows(1..<25), transposed(changed)) < 1e-5)
  }

  @Test func `the token picture is found or refused`() {
    var method = WaRA(.token, rank: 2)
    func layout(_ tokens: Int) -> [Int]? {
      method.layout(ofTokens: tokens).map { [$0.height, $0.width] }
    }
    #expect(layout(197) == [14, 14] && layout(201) == [14, 14] && layout(129) == nil)
    method.gridHeight = 16
    method.gridWidth = 8
    #expect(layout(129) == [16, 8] && layout(128) == [16, 8] && layout(100) == nil)
  }

  @Test(arguments: [(48, 16), (32, 32), (24, 40)])
  func `the picture of tokens is that of the network`(height: Int, width: Int) throws {
    let network = VisionTransformer(
      .init(image: Extent(height: height, width: width), patch: 8, width: 12, depth: 1, heads: 2),
      random: RandomStream(seed: 1))
    let adapted = AdaptedNetwork(network)
    let pictures = Variable(values([2, height, width, 3], "pictures"))
    func features() -> Tensor { network.features(of: pictures, in: .inference()).value }
    let base = features()
    try adapted.attach(
      AdapterPlan(WaRA(.token, rank: 2, inner: .gelu), sites: ["attn.qkv", "fc1"]),
      random: RandomStream(seed: 2)
    ).disturb()
    #expect(features() != base && features().isFinite)
    try adapted.detach("default")
    // Settings that name the same picture give the same adapter; others are refused at once.
    var method = WaRA(.token, rank: 2, gains: true)
    (method.gridHeight, method.gridWidth) = (height / 8, width / 8)
    try adapted.attach(
      AdapterPlan(method, sites: ["fc1"]), named: "said", random: RandomStream(seed: 2))
    method.gridHeight += 1
    do {
      try adapted.attach(
        AdapterPlan(method, sites: ["fc1"]), named: "wrong", random: RandomStream(seed: 2))
      Issue.record("a wrong picture was taken")
    } catch {
      #expect(error.description.contains("a picture of \(height / 8)×\(width / 8)"))
    }
    #expect(adapted.adapters.map(\.name) == ["said"])
  }

  @Test func `filters longer than the picture of tokens are refused, and loose tokens go through`()
    throws
  {
    let network = VisionTransformer(
      .init(image: Extent(height: 48, width: 16), patch: 8, width: 12, depth: 1, heads: 2),
      random: RandomStream(seed: 1))
    do {
      try AdaptedNetwork(network).attach(
        AdapterPlan(WaRA(.token, rank: 2, wavelet: .db2, gains: true), sites: ["fc1"]),
        random: RandomStream(seed: 2))
      Issue.record("two columns are fewer than four taps")
    } catch {
      #expect(error.description.contains("too small for the 4 taps of db2"))
    }
    // 129 tokens are no square: a network that does not say how they lie has loose ones.
    let one = try OneSite(WaRA(.token, rank: 2, gains: true), SiteGeometry(linear: 6, 5))
    let change = product(try one.parameter("wara_B"), try one.parameter("wara_A"))
    let input = values([1, 129, 6], "tokens")
    #expect(
      largestDifference(
        one.addition(to: input), Variable(input).linear(weight: Variable(change)).value) < 1e-5)
  }

  @Test func `the dear LoRA is told`() {
    #expect(WaRA(.token, rank: 2).advice?.contains("exactly what lora does") == true)
    #expect(WaRA(.token, rank: 2, gains: true).advice == nil)
    #expect(WaRA(.weight, rank: 2).advice == nil && LoRA().advice == nil)
  }

  // MARK: Gradients

  @Test(arguments: [
    WaRA(.weight, rank: 4, wavelet: .db2), WaRA(.weight, rank: 4, levels: 2),
    WaRA(.weight, rank: 4, bands: [.ll, .hh]), WaRA(.feature, rank: 2),
    WaRA(.feature, rank: 2, wavelet: .db2, gains: true), WaRA(.token, rank: 2),
    WaRA(.token, rank: 2, gains: true), WaRA(.token, rank: 2, bands: [.lh, .hl], inner: .gelu),
  ])
  func `gradients of every variant equal finite differences`(method: WaRA) throws {
    var sizes = [SiteGeometry(linear: 7, 6)]
    if method.variant != .token {
      sizes.append(
        SiteGeometry(
          convolution: 5, 6, kernelHeight: 3, kernelWidth: 3, stride: 2, padding: 1))
    }
    for site in sizes {
      let one = try OneSite(method, site)
      let input = site.kind == .linear ? values([2, 10, 7], "x") : values([2, 5, 5, 5], "x")
      let weight = Variable(values(site.weightShape, "w"))
      let context = ForwardContext.training(random: RandomStream(seed: 1))
      func run(_ context: ForwardContext) -> Variable {
        let x = Variable(input)
        let product = site.product(x, weight: weight)
        switch one.adapter.effect(at: site, weight: weight, input: x, in: context) {
        case .none: return product
        case .lowRank(let terms): return site.product(x, weight: weight, terms: terms)
        case .weight(let change): return product + site.product(x, weight: change)
        case .output(let addition): return product + addition(product, x)
        }
      }
      let result = run(context)
      let seed = values(result.shape, "seed")
      context.backward(from: result, seed: seed)
      for (path, parameter) in one.adapter.parameters {
        let start = parameter.value
        let gradient = try #require(parameter.gradient, "\(path)")
        var (error, largest) = (0.0, 1e-3)
        for position in 0..<start.count {
          func moved(_ step: Float) -> Double {
            parameter.value[position] = start[position] + step
            defer { parameter.value = start }
            return zip(run(.inference()).value.values, seed.values).reduce(0) {
              $0 + Double($1.0) * Double($1.1)
            }
          }
          let numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2
          error = max(error, abs(numeric - Double(gradient[position])))
          largest = max(largest, abs(numeric))
        }
        #expect(error / largest < 1e-2, "\(path)")
      }
    }
  }

  @Test func `settings that do not fit are refused`() throws {
    #expect(throws: AdapterError.self) { try WaRA(.weight, rank: 2, bands: []).validate() }
    #expect(throws: AdapterError.self) { try WaRA(.weight, rank: 2, bandRanks: [1]).validate() }
    #expect(throws: AdapterError.self) { try WaRA(.feature, rank: 2, levels: 2).validate() }
    let made = try AdapterCatalog.method(
      named: "wara",
      settings: ["variant": "token", "bands": "LL,HH", "wavelet": "db2"])
    #expect((made as? WaRA)?.bands == [.ll, .hh])
    let small = SiteGeometry(linear: 3, 8)
    #expect(WaRA(.weight, rank: 2, wavelet: .db2).refusal(of: small) != nil)
    #expect(WaRA(.weight, rank: 2).refusal(of: small) == nil)
  }
}
