import Foundation
import Layers
import Storage
import Tensors
import Testing

final class ModuleWeightsTests {
  private final class Network: Module {
    let first: Linear
    let normalization = BatchNormalization(3)

    init(seed: UInt64) {
      var random = RandomStream(seed: seed)
      first = Linear(2, 3, deviation: 1, random: &random)
    }
  }

  private final class Larger: Module {
    let first: Linear
    let normalization = BatchNormalization(3)
    let extra = LayerNormalization(2)

    init() {
      var random = RandomStream(seed: 0)
      first = Linear(2, 3, random: &random)
    }
  }

  private let url = FileManager.default.temporaryDirectory
    .appendingPathComponent("weights-\(UUID()).safetensors")

  deinit { try? FileManager.default.removeItem(at: url) }

  private func values(_ module: any Module) -> [[Float]] {
    module.parameters.map(\.parameter.value.values) + module.buffers.map(\.buffer.value.values)
  }

  private func error(_ body: () throws -> Void) -> WeightsError? {
    #expect(throws: WeightsError.self, performing: body)
  }

  @Test func `everything returns bit by bit`() throws {
    let source = Network(seed: 1)
    source.buffers[0].buffer.value = Tensor([0.1, -2, 3], shape: [3])
    source.buffers[2].buffer.value = Tensor(70_001)
    try ModuleWeights.write(source, metadata: ["format": "pt"], to: url)
    let target = Network(seed: 2)
    #expect(values(target) != values(source))
    let report = try ModuleWeights.read(into: target, from: url)
    #expect(values(target) == values(source))
    #expect(report.loaded.count == 7 && report.missing == [] && report.unexpected == [])
    let file = try SafetensorsFile(contentsOf: url)
    #expect(file["normalization.num_batches_tracked"]?.type == .integer64)
    #expect(try file.integers("normalization.num_batches_tracked") == [70_001])
    #expect(file["first.weight"]?.shape == [3, 2])
  }

  @Test func `a counter beyond what floats count is no trap`() throws {
    let source = Network(seed: 1)
    try ModuleWeights.write(source, to: url)
    let file = try SafetensorsFile(contentsOf: url)
    try SafetensorsWriter.write(
      file.tensors.map { entry in
        (
          entry.name, entry.shape,
          entry.type == .integer64 ? .int64([.max - 3]) : .float32(try file.floats(entry.name))
        )
      }, to: url)
    let target = Network(seed: 2)
    try ModuleWeights.read(into: target, from: url)
    try ModuleWeights.write(target, to: url)
    let counter = try SafetensorsFile(contentsOf: url)
      .integers("normalization.num_batches_tracked")
    #expect(counter == [.max])
  }

  @Test func `what belongs to other places is fitted in the same shape, or refused`() throws {
    let source = Network(seed: 1)
    try ModuleWeights.write(source, to: url)
    func read(
      isFresh: Bool, resize: @escaping (String, Tensor) -> Tensor?
    ) throws -> (LoadReport, Network) {
      let target = Network(seed: 2)
      let report = try ModuleWeights.read(
        into: target, from: url, isFresh: isFresh, isPerPlace: { $0 == "first.weight" },
        resize: resize)
      return (report, target)
    }
    for isFresh in [false, true] {
      let (report, target) = try read(isFresh: isFresh) { $1.scaled(by: 2) }
      #expect(report.reshaped.map(\.path) == ["first.weight"])
      #expect(target.first.weight.value == source.first.weight.value.scaled(by: 2))
      #expect(values(target).dropFirst() == values(source).dropFirst())
      let (same, _) = try read(isFresh: isFresh) { $1 }
      #expect(same.reshaped.isEmpty)
      let error = error { _ = try read(isFresh: isFresh) { _, _ in nil } }
      #expect(error == .ofOtherPlaces(path: url.path, name: "first.weight"))
    }
  }

  @Test func `overrides are written in place of the values`() throws {
    let source = Network(seed: 1)
    let ones = Tensor(repeating: 1, shape: [3, 2])
    try ModuleWeights.write(source, overrides: ["first.weight": ones], to: url)
    let target = Network(seed: 2)
    try ModuleWeights.read(into: target, from: url)
    #expect(target.first.weight.value == ones)
    #expect(target.first.bias?.value == source.first.bias?.value)
  }

  @Test func `missing and surplus tensors are errors unless they are allowed`() throws {
    try ModuleWeights.write(Network(seed: 1), to: url)
    let larger = Larger()
    let before = values(larger)
    let missing = error { try ModuleWeights.read(into: larger, from: url) }
    #expect(
      missing.map { "\($0)" }?.contains("2 missing, 0 unexpected; first missing: extra.weight")
        == true)
    #expect(values(larger) == before)
    let report = try ModuleWeights.read(into: larger, from: url) { $0.hasPrefix("extra.") }
    #expect(report.missing == ["extra.weight", "extra.bias"])
    #expect(values(larger) != before)

    try ModuleWeights.write(larger, to: url)
    let network = Network(seed: 2)
    let surplus = error { try ModuleWeights.read(into: network, from: url) }
    #expect(surplus.map { "\($0)" }?.contains("first unexpected: extra.bias") == true)
    #expect(
      try ModuleWeights.read(into: network, from: url) { $0.hasPrefix("extra.") }.unexpected
        == ["extra.bias", "extra.weight"])
  }

  @Test func `another shape is an error even where misses are allowed, and nothing is changed`()
    throws
  {
    let source = Network(seed: 1)
    source.normalization.bias.value = Tensor(zeros: [4])
    try ModuleWeights.write(source, to: url)
    let target = Network(seed: 2)
    let before = values(target)
    let found = error { try ModuleWeights.read(into: target, from: url) { _ in true } }
    #expect(
      found
        == .shapeMismatch(
          path: url.path, name: "normalization.bias", file: [4], module: [3]))
    #expect(values(target) == before)
  }

  @Test(arguments: [Float.nan, .infinity])
  func `weights that are no numbers are refused`(_ value: Float) throws {
    let source = Network(seed: 1)
    source.first.weight.value[4] = value
    try ModuleWeights.write(source, to: url)
    let target = Network(seed: 2)
    let before = values(target)
    #expect(
      error { try ModuleWeights.read(into: target, from: url) }
        == .notFinite(path: url.path, name: "first.weight"))
    #expect(values(target) == before)
  }

  @Test(arguments: [Float.nan, -.infinity])
  func `running statistics that are no numbers are refused`(_ value: Float) throws {
    let source = Network(seed: 1)
    source.buffers[1].buffer.value[2] = value
    try ModuleWeights.write(source, to: url)
    #expect(
      error { try ModuleWeights.read(into: Network(seed: 2), from: url) }
        == .notFinite(path: url.path, name: "normalization.running_var"))
  }

  @Test func `a file that does not exist is an error of the file`() {
    #expect(throws: SafetensorsError.self) {
      try ModuleWeights.read(into: Network(seed: 1), from: url)
    }
  }
}
