import Adapters
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing

@testable import AdapterFiles

/// The same folders through PEFT itself and back, where a Python with PEFT is at hand.
///
/// `SWIFT_VISION_PYTHON` names the interpreter, as `tools/python` makes one; without it the test is
/// skipped.
struct PythonRoundTripTests {
  static let python = ProcessInfo.processInfo.environment["SWIFT_VISION_PYTHON"]

  /// Plans whose folders PEFT must load.
  static func plans() throws -> [(kind: String, plan: AdapterPlan)] {
    func small(_ name: String) throws -> any AdapterMethod {
      var settings = ["rank": "2"]
      if name == "adalora" { settings["targetRank"] = "1" }
      return try AdapterCatalog.method(named: name, settings: settings)
    }
    let convolutions = ["down", "point", "head"]
    var plans: [(String, AdapterPlan)] = []
    for name in ["lora", "dora", "pissa", "loha", "lokr", "adalora", "sora", "wara"] {
      plans.append(("transformer", AdapterPlan(try small(name), sites: ["attn.qkv", "fc2"])))
      plans.append(("convnet", AdapterPlan(try small(name), sites: convolutions)))
    }
    plans.append(
      (
        "transformer",
        AdapterPlan(try small("vera"), sites: ["attn.qkv", "proj"], excluded: ["patch_embed.proj"])
      ))
    plans.append(("transformer", AdapterPlan(NormalizationTuning())))
    // What a budget divides: ranks of their own, whole maps, biases and norms.
    for kind in ["transformer", "convnet", "nafnet"] {
      let network = try Golden.network(of: kind).network.weights
      plans.append(
        (
          kind,
          try CoLoRA(budget: 0.65, contribution: .uniform, tunesGains: false)
            .plan(for: AdaptedNetwork(network), contributions: .uniform(of: network))
        ))
    }
    // Modules with running statistics.
    plans.append(("batchnet", AdapterPlan(LoRA(rank: 2), sites: ["conv2"], tuned: ["bn1.bias"])))
    plans.append(("batchnet", AdapterPlan(NormalizationTuning())))
    // Groups, parts, ranks by site, biases and whole modules.
    plans.append(
      (
        "convnet",
        AdapterPlan(
          LoRA(rank: 4), sites: ["grouped", "down"], ranks: ["down": 3],
          tuned: ["depthwise.weight", "down.bias", "norm.bias"])
      ))
    plans.append(
      (
        "transformer",
        AdapterPlan(
          LoRA(rank: 2, alpha: 5, rankStabilized: true), sites: ["qkv[q,v]", "fc1"],
          tuned: ["norm1.weight", "=norm.bias"])
      ))
    return plans
  }

  @Test(
    .enabled(if: python != nil, "set SWIFT_VISION_PYTHON=$(tools/python)"))
  func `PEFT computes the same from our folders, and we from what it saves again`() throws {
    try withTemporaryFolder { root in
      var outputs: [Tensor] = []
      for (index, (kind, plan)) in try Self.plans().enumerated() {
        let (network, input) = try Golden.network(of: kind)
        let adapted = AdaptedNetwork(network.weights)
        let base =
          network.weights.parameters.map { ($0.path, $0.parameter.value) }
          + network.weights.buffers.map { ($0.path, $0.buffer.value) }
        let counters = network.weights.buffers.filter(\.buffer.isInteger).map(\.path)
        let adapter = try adapted.attach(plan, random: RandomStream(seed: 3))
        for (path, parameter) in adapter.parameters {
          var random = RandomStream(seed: 9).split(path)
          parameter.value.add(random.uniform(shape: parameter.value.shape, bound: 0.3))
        }
        if kind == "convnet", plan.method is AdaLoRA { try prune(adapter) }
        let output = network.output(Variable(input), in: .inference()).value
        outputs.append(output)
        let folder = root.appendingPathComponent("case-\(100 + index)")
        try PEFTFolder.write(
          adapter, of: adapted, to: folder.appendingPathComponent("adapter"))
        var tensors = Dictionary(uniqueKeysWithValues: base)
        tensors["input"] = input
        tensors["output"] = output
        try AdapterTensors.write(
          tensors, integers: Set(counters), to: folder.appendingPathComponent("base.safetensors"))
      }
      let worst = try check(root)
      #expect(worst.count == outputs.count)
      for (name, difference) in worst { #expect(difference < 1e-5, "\(name)") }
      for (index, (kind, plan)) in try Self.plans().enumerated() {
        let (network, input) = try Golden.network(of: kind)
        let adapted = AdaptedNetwork(network.weights)
        try PEFTFolder.read(
          root.appendingPathComponent("case-\(100 + index)/again"), into: adapted)
        let output = network.output(Variable(input), in: .inference()).value
        #expect(
          relativeDifference(output, outputs[index]) < 1e-5,
          "\(type(of: plan.method).name) on \(kind)")
      }
    }
  }

  /// Lets the rule drop components, as at the end of a run.
  private func prune(_ adapter: NetworkAdapter) throws {
    let allocator = try #require(adapter.makeAllocator())
    for (path, parameter) in adapter.parameters {
      var random = RandomStream(seed: 10).split(path)
      parameter.gradient = random.uniform(shape: parameter.value.shape, bound: 1)
    }
    allocator.afterBackward(step: 0, of: 10)
    allocator.afterUpdate(step: 7, of: 10)
    #expect(allocator.ranks.values.reduce(0, +) == adapter.attached.count)
  }

  /// Runs the recorder's check and reads the largest difference of each case.
  private func check(_ folder: URL) throws -> [String: Double] {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../tools/goldens/peft_adapters.py").standardized
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = [script.path, "check", folder.path]
    let (output, errors) = (Pipe(), folder.appendingPathComponent("errors.txt"))
    try Data().write(to: errors)
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let complaint = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    #expect(process.terminationStatus == 0, "\(complaint.suffix(2000))")
    return try JSONDecoder().decode([String: Double].self, from: text)
  }
}
