import Adapters
import Foundation
import Layers
import Storage
import Tensors
import Testing

@testable import AdapterFiles

/// Folders of PEFT that hold more, less or something else than they say.
struct StrictReadingTests {
  /// What PEFT's folder of plain factors is refused for after a change.
  private func refusal(
    of name: String = "lora-transformer",
    tensors change: (inout [String: Tensor]) -> Void = { _ in },
    description: (inout [String: Any]) -> Void = { _ in }
  ) throws -> AdapterFileError? {
    let (network, _) = try Golden.network(of: name)
    let adapted = AdaptedNetwork(network.weights)
    let source = try Golden.url(name)
    var tensors = try Golden.tensors("\(name)/adapter_model.safetensors")
    change(&tensors)
    return try withTemporaryFolder { folder in
      let data = try Data(
        contentsOf: source.appendingPathComponent(PEFTFolder.descriptionName))
      var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      description(&fields)
      try JSONSerialization.data(withJSONObject: fields).write(
        to: folder.appendingPathComponent(PEFTFolder.descriptionName))
      try AdapterTensors.write(
        tensors, to: folder.appendingPathComponent(PEFTFolder.tensorsName))
      do {
        try PEFTFolder.read(folder, into: adapted)
      } catch let error as AdapterFileError {
        #expect(adapted.adapters.isEmpty)
        return error
      }
      return nil
    }
  }

  @Test func `every tensor of a PEFT file is used or named`() throws {
    let site = "base_model.model.blocks.0.attn.qkv"
    #expect(try refusal() == nil)
    // A factor alone, whichever.
    for factor in ["lora_A.weight", "lora_B.weight"] {
      guard
        case .missing(_, let names) = try refusal(
          tensors: { $0["\(site).\(factor)"] = nil })
      else {
        Issue.record("a lone factor was not noticed")
        continue
      }
      #expect(names == ["blocks.0.attn.qkv.\(factor)"])
    }
    func unexpected(
      of name: String = "lora-transformer", _ key: String, _ tensor: Tensor = Tensor(zeros: [36]),
      description: (inout [String: Any]) -> Void = { _ in }
    ) throws -> [String] {
      let error = try refusal(
        of: name, tensors: { $0["base_model.model." + key] = tensor }, description: description)
      guard case .unexpected(_, let names) = error else { return ["\(String(describing: error))"] }
      return names
    }
    for key in [
      "blocks.0.attn.qkv.lora_magnitude_vector", "blocks.0.attn.qkv.lora_E",
      "blocks.0.attn.qkv.base_layer.bias", "blocks.1.attn.qkv.hada_w1_a", "norm.weight",
      "blocks.7.attn.qkv.lora_A.weight", "blocks.0.mlp.fc2.lora_B.weight",
    ] {
      #expect(try unexpected(key) == [key])
    }
    for name in ["vera-transformer", "adalora-transformer", "loha-transformer"] {
      let key = "blocks.0.attn.qkv.lora_A.weight"
      #expect(try unexpected(of: name, key) == [key], "\(name)")
    }
    // Half of a triplet, and half of the two vectors.
    for (name, gone) in [
      ("adalora-transformer", "lora_E"), ("vera-transformer", "vera_lambda_d"),
    ] {
      guard
        case .missing(_, let names) = try refusal(
          of: name, tensors: { $0["\(site).\(gone)"] = nil })
      else {
        Issue.record("\(gone) was not missed")
        continue
      }
      #expect(names == ["blocks.0.attn.qkv.\(gone)"])
    }
  }

  @Test func `shapes and numbers that no PEFT writes are refused, not trapped on`() throws {
    let site = "base_model.model.down"
    let kernel = try refusal(of: "lora-convnet") {
      $0["\(site).lora_B.weight"] = Tensor(zeros: [12, 3, 3, 3])
    }
    guard case .shape(_, "down.lora_B.weight", [12, 3, 3, 3], [12, 3, 1, 1]) = kernel else {
      Issue.record("\(String(describing: kernel))")
      return
    }
    for (name, field) in [
      ("lora-transformer", "r"), ("adalora-transformer", "init_r"), ("loha-transformer", "r"),
      ("lokr-transformer", "decompose_factor"), ("vera-transformer", "r"),
      ("adalora-transformer", "target_r"),
    ] {
      for number in [1e300, 2.5] {
        let error = try refusal(of: name, description: { $0[field] = number })
        guard case .malformed = error else {
          Issue.record("\(name), \(field) \(number): \(String(describing: error))")
          continue
        }
      }
    }
    let wide = try refusal(of: "vera-transformer", description: { $0["r"] = 60_000 })
    guard case .rank(_, _, 60_000, 5) = wide else {
      Issue.record("\(String(describing: wide))")
      return
    }
    let patterns = try refusal(description: { $0["rank_pattern"] = ["mlp.fc1": 1e300] })
    guard case .malformed = patterns else {
      Issue.record("\(String(describing: patterns))")
      return
    }
    // A factor without any axis, where groups are looked for.
    let grouped = try refusal(of: "lora-convnet") {
      $0["base_model.model.grouped.lora_A.weight"] = Tensor(1)
      $0["base_model.model.grouped.lora_B.weight"] = Tensor(zeros: [12, 3, 1, 1])
    } description: {
      $0["target_modules"] = ["stem", "down", "point", "head", "grouped"]
    }
    #expect(grouped != nil)
  }

  @Test func `components of AdaLoRA are as many as the description says`() throws {
    let site = "base_model.model.blocks.0.attn.qkv"
    // A triplet too few, in all three tensors alike.
    let error = try refusal(of: "adalora-transformer") {
      $0["\(site).lora_A"] = Tensor(zeros: [3, 12])
      $0["\(site).lora_E"] = Tensor(zeros: [3, 1])
      $0["\(site).lora_B"] = Tensor(zeros: [36, 3])
    }
    guard case .rank(_, "blocks.0.attn.qkv", 4, 3) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let marks = try refusal(
      of: "pruned-transformer",
      description: { fields in
        var table = fields["rank_pattern"] as? [String: [Bool]] ?? [:]
        table["blocks.0.attn.qkv.lora_E"] = [true, true, true, true]
        fields["rank_pattern"] = table
      })
    guard case .rank(_, "blocks.0.attn.qkv", 4, _) = marks else {
      Issue.record("\(String(describing: marks))")
      return
    }
  }

  @Test func `two tensors of one meaning are refused`() throws {
    let error = try refusal {
      $0["base_model.model.blocks.0.attn.qkv.lora_A.default.weight"] = Tensor(zeros: [3, 12])
    }
    guard case .malformed(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("blocks.0.attn.qkv.lora_A.weight"))
  }

  @Test func `the file holds what its description announces`() throws {
    func missing(
      of name: String = "lora-transformer", _ description: (inout [String: Any]) -> Void
    ) throws -> [String] {
      let error = try refusal(of: name, description: description)
      guard case .missing(_, let names) = error else { return ["\(String(describing: error))"] }
      return names
    }
    #expect(
      try missing { $0["target_modules"] = ["attn.qkv", "mlp.fc1", "mlp.fc2"] }
        == ["blocks.0.mlp.fc2", "blocks.1.mlp.fc2"])
    #expect(
      try missing { $0["target_modules"] = "blocks\\.\\d\\.(attn\\.(qkv|proj)|mlp\\.fc1)" }
        == ["blocks.0.attn.proj", "blocks.1.attn.proj"])
    #expect(
      try missing { $0["modules_to_save"] = ["blocks.0.norm1"] }
        == ["blocks.0.norm1.weight", "blocks.0.norm1.bias"])
    #expect(
      try missing { $0["bias"] = "lora_only" }.contains("blocks.0.attn.qkv.base_layer.bias"))
    // What the description does not name, PEFT leaves out without a word.
    guard
      case .unexpected(_, let names) = try refusal(
        description: { $0["target_modules"] = ["attn.qkv"] })
    else {
      Issue.record("layers that nobody named were read")
      return
    }
    #expect(names.count == 4 && names.allSatisfy { $0.contains(".mlp.fc1.") })
    guard
      case .unexpected = try refusal(
        description: { $0["exclude_modules"] = "blocks\\.0\\..*" })
    else {
      Issue.record("excluded layers were read")
      return
    }
    guard case .malformed = try refusal(description: { $0["target_modules"] = NSNull() }) else {
      Issue.record("no target at all was taken")
      return
    }
  }

  @Test(arguments: [
    ("fan_in_fan_out", "true"), ("use_bdlora", "true"), ("use_qalora", "true"),
    ("kasa_config", "{\"beta\": 1}"), ("alora_invocation_tokens", "[1, 2]"), ("lora_bias", "true"),
    ("layer_replication", "[[0, 2]]"), ("target_parameters", "[\"cls_token\"]"),
    ("something_new", "\"yes\""), ("init_lora_weights", "\"olora\""),
    ("init_lora_weights", "\"lora_ga\""),
  ])
  func `settings that change what an adapter computes are refused`(
    name: String, json: String
  ) throws {
    let value = try JSONSerialization.jsonObject(
      with: Data(json.utf8), options: .fragmentsAllowed)
    guard
      case .unsupported(_, "LORA", let reason) = try refusal(
        description: { $0[name] = value })
    else {
      Issue.record("\(name) was taken")
      return
    }
    #expect(reason.contains(name == "init_lora_weights" ? "starts with" : name))
    // Null, false and empty say nothing.
    #expect(try refusal(description: { $0[name + "_none"] = NSNull() }) == nil)
    #expect(try refusal(description: { $0[name + "_off"] = false }) == nil)
  }
}
