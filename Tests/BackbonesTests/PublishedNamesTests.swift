import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing

/// Weight files under the names of libraries and repositories, strictly read, and the features that those
/// compute from them.
struct PublishedNamesTests {
  private struct Recorded: Decodable {
    struct Options: Decodable {
      var image: [Int]
      var patch, width, mlpRatio, classes, featureLayer, registers: Int?
      var depths, heads, window: [Int]?
      var epsilon: Float?
      var pooling: VisionTransformer.Configuration.Pooling?

      var options: BackboneOptions {
        func extent(_ sides: [Int]) -> Extent { Extent(height: sides[0], width: sides[1]) }
        var options = BackboneOptions(image: extent(image))
        options.classes = classes ?? 0
        (options.patch, options.width, options.mlpRatio) = (patch, width, mlpRatio)
        (options.depths, options.heads) = (depths, heads)
        options.window = window.map(extent)
        (options.featureLayer, options.registers) = (featureLayer, registers)
        (options.normEpsilon, options.pooling) = (epsilon, pooling)
        return options
      }
    }

    struct Form: Decodable {
      let entry: String
      let options: Options
      let tensors, ignored: [String: [Int]]
      let counters: [String]
    }

    let forms: [String: Form]
  }

  private static let recorded: Result<Recorded, any Error> = Result {
    try JSONDecoder().decode(
      Recorded.self, from: Data(contentsOf: try Golden.url("published.json")))
  }

  static let names: [String] = (try? recorded.get().forms.keys.sorted()) ?? []

  /// Writes the file of a form, filled as the recorder fills it.
  private func write(
    _ form: Recorded.Form, leavingOut: (String) -> Bool = { _ in false }, to url: URL
  )
    throws
  {
    var tensors: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] = []
    fillByNoise(
      form.tensors.map { name, shape in
        (name, { tensors.append((name, shape, .float32($0.values))) }, shape)
      })
    for (name, shape) in form.ignored {
      tensors.append((name, shape, .float32([Float](repeating: 0, count: shape.reduce(1, *)))))
    }
    for name in form.counters { tensors.append((name, [], .int64([0]))) }
    try SafetensorsWriter.write(tensors.filter { !leavingOut($0.name) }, to: url)
  }

  private func temporaryFile() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("names-\(UUID()).safetensors")
  }

  @Test func `every form was recorded`() {
    #expect(Self.names.count >= 20)
  }

  @Test(arguments: names)
  func `a file gives the features of those who wrote it`(_ name: String) throws {
    let form = try #require(try Self.recorded.get().forms[name])
    let entry = try #require(BackboneCatalog.entry(named: form.entry))
    let url = temporaryFile()
    defer { try? FileManager.default.removeItem(at: url) }
    try write(form, to: url)
    let model = try entry.make(form.options.options, random: .blank)
    let report = try ModuleWeights.read(
      into: model, from: url, isFresh: true, naming: entry.naming)
    #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.reshaped.isEmpty)
    #expect(Set(report.ignored) == Set(form.ignored.keys))
    let side = form.options.image[0]
    let features = model.features(of: Variable(noise(900, [2, side, side, 3])), in: .inference())
    try Golden("published").expect(features.value, equals: name, within: 1e-5)
  }

  @Test(arguments: names)
  func `a file with a tensor too many is refused`(_ name: String) throws {
    let form = try #require(try Self.recorded.get().forms[name])
    let entry = try #require(BackboneCatalog.entry(named: form.entry))
    let url = temporaryFile()
    defer { try? FileManager.default.removeItem(at: url) }
    let (some, tensor) = try #require(form.tensors.first)
    let model = try entry.make(form.options.options, random: .blank)
    // What a form ignores it ignores by name, not whatever it does not know.
    let surplus = Recorded.Form(
      entry: form.entry, options: form.options,
      tensors: form.tensors.merging([some + ".more": tensor]) { first, _ in first },
      ignored: form.ignored, counters: form.counters)
    try write(surplus, to: url)
    let error = #expect(throws: WeightsError.self) {
      try ModuleWeights.read(into: model, from: url, naming: entry.naming)
    }
    #expect(error?.description.contains("first unexpected: \(some).more") == true)
  }

  @Test func `counters of batches may be absent, and the report says so`() throws {
    let form = try #require(try Self.recorded.get().forms["fast-reid"])
    let entry = try #require(BackboneCatalog.entry(named: form.entry))
    let url = temporaryFile()
    defer { try? FileManager.default.removeItem(at: url) }
    try write(form, leavingOut: form.counters.contains, to: url)
    let model = try entry.make(form.options.options, random: .blank)
    let report = try ModuleWeights.read(
      into: model, from: url, isFresh: true, naming: entry.naming)
    #expect(Set(report.missing) == Set(form.counters))
    #expect(report.summary.contains("\(form.counters.count) missing"))
    let features = model.features(of: Variable(noise(900, [2, 64, 64, 3])), in: .inference())
    try Golden("published").expect(features.value, equals: "fast-reid", within: 1e-5)
    // Any other tensor is needed.
    try write(form, leavingOut: { $0 == "bn1.running_mean" }, to: url)
    #expect(throws: WeightsError.self) {
      try ModuleWeights.read(into: model, from: url, naming: entry.naming)
    }
  }

  @Test func `pooling without border changes features, not weights`() throws {
    let entry = try #require(BackboneCatalog.entry(named: "resnet50_ibn_a_fastreid"))
    let usual = try #require(BackboneCatalog.entry(named: "resnet50_ibn_a_stride1"))
    var options = BackboneOptions(image: Extent(height: 64, width: 32))
    options.depths = [1, 1, 1, 1]
    let models = try [entry, usual].map { try $0.make(options, random: RandomStream(seed: 1)) }
    #expect(models[0].parameters.map(\.path) == models[1].parameters.map(\.path))
    let pictures = Variable(noise(3, [1, 64, 32, 3]))
    let features = models.map { $0.features(of: pictures, in: .inference()).value }
    #expect(features[0] != features[1])
    #expect(models.allSatisfy { ($0 as? ResNet)?.mapStride == 16 })
  }

  /// Every name of PETALface's released network, as its code makes them.
  private var petalFace: [String: [Int]] {
    var names: [String: [Int]] = [:]
    func map(_ name: String, _ shape: [Int], hasBias: Bool = true) {
      names[name + ".weight"] = shape
      if hasBias { names[name + ".bias"] = [shape[0]] }
    }
    names["absolute_pos_embed"] = [1, 400, 384]
    map("patch_embed.proj", [384, 3, 6, 6])
    map("patch_embed.norm", [384])
    for (stage, (depth, heads)) in [(2, 8), (18, 16), (2, 16)].enumerated() {
      let width = 384 << stage
      for block in 0..<depth {
        let path = "layers.\(stage).blocks.\(block)."
        map(path + "norm1", [width])
        names[path + "attn.relative_position_bias_table"] = [81, heads]
        names[path + "attn.relative_position_index"] = [25, 25]
        map(path + "attn.qkv", [3 * width, width])
        map(path + "attn.proj", [width, width])
        map(path + "norm2", [width])
        map(path + "mlp.fc1", [4 * width, width])
        map(path + "mlp.fc2", [width, 4 * width])
        // The last stage is one window.
        if block % 2 == 1, stage < 2 {
          names[path + "attn_mask"] = [stage == 0 ? 16 : 4, 25, 25]
        }
      }
      if stage < 2 {
        map("layers.\(stage).downsample.reduction", [2 * width, 4 * width], hasBias: false)
        map("layers.\(stage).downsample.norm", [4 * width])
      }
    }
    map("norm", [1536])
    for (place, width) in [(0, 38_400), (3, 512)] {
      map("feature_layer.\(place)", [width])
      names["feature_layer.\(place).running_mean"] = [width]
      names["feature_layer.\(place).running_var"] = [width]
      names["feature_layer.\(place).num_batches_tracked"] = []
    }
    map("feature_layer.2", [512, 38_400])
    return names
  }

  @Test func `PETALface's released names and shapes are those of the network`() throws {
    let entry = try #require(BackboneCatalog.entry(named: "petalface_swin"))
    let model = try entry.make(.init(), random: .blank)
    let naming = entry.naming(of: Set(petalFace.keys))
    var wanted: [String: [Int]] = [:]
    for (path, parameter) in model.parameters {
      wanted[naming.names(of: path)[0]] = parameter.value.shape
    }
    for (path, buffer) in model.buffers {
      wanted[naming.names(of: path)[0]] = buffer.value.shape
    }
    #expect(wanted == petalFace.filter { !naming.ignores($0.key) })
    #expect(
      petalFace.keys.filter(naming.ignores).allSatisfy {
        $0.hasSuffix("relative_position_index") || $0.hasSuffix("attn_mask")
      })
  }

  @Test func `the mask that PETALface leaves out can be asked for`() throws {
    let form = try #require(try Self.recorded.get().forms["petalface"])
    let url = temporaryFile()
    defer { try? FileManager.default.removeItem(at: url) }
    try write(form, to: url)
    var options = form.options.options
    options.masksBorders = true
    let pictures = Variable(noise(900, [2, 32, 32, 3]))
    var found: [Tensor] = []
    for (name, options) in [
      ("petalface_swin", form.options.options), ("petalface_swin", options),
      ("petalface_swin_masked", form.options.options),
    ] {
      let entry = try #require(BackboneCatalog.entry(named: name))
      let model = try entry.make(options, random: .blank)
      try ModuleWeights.read(into: model, from: url, naming: entry.naming)
      found.append(model.features(of: pictures, in: .inference()).value)
    }
    #expect(found[0] != found[1])
    #expect(found[1] == found[2])
    // A name of timm's stands for timm's network alone.
    #expect(throws: BackboneError.self) {
      try BackboneCatalog.entry(named: "swin_tiny_patch4_window7_224")?
        .make(options, random: .blank)
    }
  }
}
