import Adapters
import Foundation
import Gradients
import Layers
import Tensors
import Testing

@testable import AdapterFiles

/// Modules that PEFT keeps whole beside adapted layers.
extension FolderTests {
  /// What a plan is refused for, or `nil` where it comes back with the same outputs.
  private func refusal(_ plan: AdapterPlan, on kind: String) throws -> String? {
    let (network, input) = try Golden.network(of: kind)
    let (adapted, adapter) = try attach(plan, to: network)
    let before = network.output(Variable(input), in: .inference()).value
    return try withTemporaryFolder { folder in
      do {
        try PEFTFolder.write(adapter, of: adapted, to: folder)
      } catch let error as AdapterFileError {
        return error.description
      }
      try adapted.detach("default")
      try PEFTFolder.read(folder, into: adapted)
      let after = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(after, before) < 1e-5)
      return nil
    }
  }

  @Test func `a parameter of a block is not written beside adapted layers of the block`() throws {
    func colora(tunesGains: Bool) throws -> AdapterPlan {
      let network = try Golden.network(of: "nafnet").network.weights
      return try CoLoRA(budget: 0.65, contribution: .uniform, tunesGains: tunesGains).plan(
        for: AdaptedNetwork(network), contributions: .uniform(of: network))
    }
    #expect(try refusal(colora(tunesGains: false), on: "nafnet") == nil)
    let sentence = try #require(try refusal(colora(tunesGains: true), on: "nafnet"))
    #expect(sentence.contains("tunes encoders.0.0.beta"), "\(sentence)")
    #expect(sentence.contains("adapter.tunesGains=false"))
    // A block without adapted layers is kept whole, everything in it included.
    let whole = AdapterPlan(
      LoRA(rank: 2), sites: ["middle_blks.0.conv1"],
      tuned: ["encoders.0.0.beta", "encoders.0.0.conv1.weight"])
    #expect(try refusal(whole, on: "nafnet") == nil)
  }

  @Test func `one tuned bias brings those of all adapted layers`() throws {
    let plan = AdapterPlan(
      LoRA(rank: 2), sites: ["attn.qkv"], tuned: ["blocks.0.attn.qkv.bias"])
    #expect(try refusal(plan, on: "transformer") == nil)
    let sentence = try #require(
      try refusal(
        AdapterPlan(try method("loha"), sites: ["fc1"], tuned: ["fc1.bias"]), on: "transformer"))
    #expect(sentence.contains("LOHA keeps no biases"), "\(sentence)")
    let gated = try #require(
      try refusal(AdapterPlan(try method("petalface"), sites: ["fc1"]), on: "transformer"))
    #expect(gated.contains("--quality"), "\(gated)")
  }
}
