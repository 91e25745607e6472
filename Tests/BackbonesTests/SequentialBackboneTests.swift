import Adapters
import Backbones
import Gradients
import Layers
import Tensors
import Testing

/// Networks that can be cut between two blocks.
@Suite struct SequentialBackboneTests {
  /// Those that can be masked, and the others.
  private static let families: [(name: String, make: @Sendable () -> any SequentialBackbone)] = {
    var all: [(name: String, make: @Sendable () -> any SequentialBackbone)] = []
    for (name, make) in RecordedNetworkTests.families { all.append((name, { make(1) })) }
    all.append(("class token", { VisionTransformer(token, random: RandomStream(seed: 1)) }))
    all.append(
      (
        "face network",
        {
          FaceResNet(
            blocks: [1, 2, 1, 1], features: 16, image: Extent(height: 32, width: 32),
            random: RandomStream(seed: 1))
        }
      ))
    return all
  }()

  private static var token: VisionTransformer.Configuration {
    .init(
      image: Extent(height: 32, width: 16), patch: 8, width: 12, depth: 3, heads: 3,
      pooling: .token)
  }

  private func pictures(of model: any Backbone) -> Variable {
    Variable(noise(1, [2, model.inputExtent.height, model.inputExtent.width, 3]))
  }

  @Test(arguments: families.indices)
  func `a pass that is cut anywhere gives the same bits`(_ family: Int) {
    let (name, make) = Self.families[family]
    let model = make()
    let pictures = pictures(of: model)
    let whole = model.features(of: pictures, in: .inference()).value
    for cut in (0...model.blockCount).map(BackboneCut.blocks) + [.pictures, .features] {
      let before = model.output(of: pictures, at: cut, in: .inference())
      let features = model.features(of: before, from: cut, in: .inference()).value
      if cut == .blocks(model.blockCount) {
        // A last block that ran as a whole has made tokens which the features do without.
        let differences = zip(features.values, whole.values).map { abs($0 - $1) }
        #expect(differences.allSatisfy { $0 < 1e-5 }, "\(name), \(cut)")
      } else {
        #expect(features == whole, "\(name), \(cut)")
      }
    }
    guard model.blockCount > 2 else { return }
    let start = model.output(of: pictures, at: .blocks(1), in: .inference())
    let middle = model.running(start, from: .blocks(1), to: .blocks(2), in: .inference())
    #expect(middle.value == model.output(of: pictures, at: .blocks(2), in: .inference()).value)
  }

  @Test(arguments: families.indices)
  func `the map of the last block is the one that masks start from`(_ family: Int) {
    guard let model = Self.families[family].make() as? any MaskableBackbone else { return }
    let pictures = pictures(of: model)
    let extent = model.inputExtent
    let cells = extent.height / model.maskStride * (extent.width / model.maskStride)
    let masked = model.maskedFeatureMap(
      of: pictures, mask: [Bool](repeating: false, count: 2 * cells),
      token: Variable(Tensor(zeros: [1, 1, model.maskChannels])), in: .inference())
    let last = model.output(of: pictures, at: .blocks(model.blockCount), in: .inference())
    #expect(model.featureMap(afterBlocks: last, in: .inference()).value == masked.value)
  }

  /// Passes of a training that leaves running statistics alone.
  private func part(
    of model: any SequentialBackbone, upTo end: BackboneCut = .features
  ) -> (cut: BackboneCut, shape: [Int]) {
    let context = ForwardContext.preview(random: RandomStream(seed: 0))
    return context.withRunningStatistics { model.frozenPart(upTo: end, in: context) }
  }

  @Test(arguments: families.indices)
  func `the frozen part ends where something is trained`(_ family: Int) throws {
    let (name, make) = Self.families[family]
    let model = make()
    #expect(part(of: model).cut == .pictures, "\(name)")
    model.setTrainable(false)
    #expect(part(of: model).cut == .features, "\(name)")
    #expect(part(of: model).shape == [1, model.featureWidth])
    #expect(part(of: model, upTo: .blocks(1)).cut == .blocks(1))
    // The last adapter site of each block in turn.
    var cuts: Set<BackboneCut> = []
    let sites = AdaptedNetwork(model).sites
    for site in sites where !site.geometry.isDepthwise {
      let adapted = AdaptedNetwork(model)
      let plan = AdapterPlan(LoRA(rank: 1), sites: ["=" + site.path])
      try adapted.attach(plan, random: RandomStream(seed: 2))
      let found = part(of: model)
      cuts.insert(found.cut)
      let pictures = pictures(of: model)
      let shape = model.output(of: pictures, at: found.cut, in: .inference()).shape
      #expect(found.shape.dropFirst() == shape.dropFirst(), "\(name), \(site.path)")
      try adapted.detach("default")
    }
    #expect(cuts.isSuperset(of: (0..<model.blockCount).map(BackboneCut.blocks)), "\(name)")
  }

  @Test func `chance and statistics of the batch end the frozen part`() {
    var configuration = Self.token
    configuration.dropPath = 0.5
    let transformer = VisionTransformer(configuration, random: RandomStream(seed: 1))
    transformer.setTrainable(false)
    // The first block drops nothing.
    #expect(part(of: transformer).cut == .blocks(1))
    #expect(transformer.frozenPart(in: .inference()).cut == .features)
    let network = Self.families[2].make()
    network.setTrainable(false)
    #expect(network.frozenPart(in: .preview(random: RandomStream(seed: 0))).cut == .pictures)
  }

  @Test func `a last block that makes the class token alone learns the same`() throws {
    func gradients(
      _ run: (VisionTransformer, ForwardContext) -> Variable
    ) -> (output: Tensor, gradients: [Tensor?]) {
      let model = VisionTransformer(Self.token, random: RandomStream(seed: 1))
      let context = ForwardContext.training(random: RandomStream(seed: 0))
      let output = run(model, context)
      context.backward(from: (output * output).mean())
      return (output.value, model.parameters.map(\.parameter.gradient))
    }
    let images = pictures(of: VisionTransformer(Self.token, random: RandomStream(seed: 1)))
    let short = gradients { $0.features(of: images, in: $1) }
    let whole = gradients {
      $0.tokens(of: images, in: $1).slice(0..<1, axis: 1).reshaped([2, 12])
    }
    func difference(_ one: Tensor, _ other: Tensor) -> Float {
      zip(one.values, other.values).map { abs($0 - $1) }.max() ?? .infinity
    }
    #expect(difference(short.output, whole.output) < 1e-5)
    #expect(short.gradients.count == whole.gradients.count)
    for (one, other) in zip(short.gradients, whole.gradients) {
      #expect(try difference(#require(one), #require(other)) < 1e-5)
    }
  }

  @Test func `an adapter behind attention still sees every token`() throws {
    let model = VisionTransformer(Self.token, random: RandomStream(seed: 1))
    let images = pictures(of: model)
    let adapted = AdaptedNetwork(model)
    // One that takes the tokens for a picture, which the class token alone is not.
    var method = WaRA(.token, rank: 1)
    method.gridHeight = 4
    method.gridWidth = 2
    let adapter = try adapted.attach(
      AdapterPlan(method, sites: ["blocks.2.mlp.fc1"]), random: RandomStream(seed: 2))
    for (index, (_, parameter)) in adapter.parameters.enumerated() {
      parameter.value = noise(index, parameter.value.shape)
    }
    let all = model.tokens(of: images, in: .inference()).slice(0..<1, axis: 1).value.values
    #expect(model.features(of: images, in: .inference()).value.values == all)
  }
}
