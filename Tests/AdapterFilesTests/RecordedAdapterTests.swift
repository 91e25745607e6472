import Adapters
import Foundation
import Gradients
import Layers
import Tensors
import Testing

@testable import AdapterFiles

/// PEFT's own folders, read here: outputs and gradients are what PEFT computed.
struct RecordedAdapterTests {
  @Test(arguments: ["transformer", "convnet"])
  func `the networks themselves agree`(kind: String) throws {
    let (network, input) = try Golden.network(of: kind)
    let expected = try #require(try Golden.tensors("\(kind).safetensors")["output"])
    let found = network.output(Variable(input), in: .inference()).value
    #expect(relativeDifference(found, expected) < 1e-5)
  }

  @Test(arguments: Golden.cases)
  func `output and gradients of PEFT`(name: String) throws {
    let (network, input) = try Golden.network(of: name)
    let expected = try Golden.tensors("\(name)/expected.safetensors")
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(try Golden.url(name), into: adapted)
    let context = ForwardContext.recordedInference()
    let output = network.output(Variable(input), in: context)
    let wanted = try #require(expected["output"])
    #expect(relativeDifference(output.value, wanted) < 2e-5)
    let projection = expected["projection"]
    #expect(projection != nil)
    context.backward(from: output, seed: projection)
    var gradients: [String: Tensor] = [:]
    for (path, parameter) in adapter.parameters { gradients[path] = parameter.gradient }
    var compared = 0
    for (key, value) in expected where key.hasPrefix("gradient.") {
      let (site, suffix) = PEFTNames.split(String(key.dropFirst("gradient.".count)))
      // PEFT and ours name the trained tensors of a module alike but for these.
      let own = suffix.map { suffix -> String in
        switch suffix {
        case "base_layer.bias": "\(site).bias"
        case "lora_magnitude_vector.weight": "\(site).lora_magnitude_vector"
        case _ where suffix.hasPrefix("ln_tuning_layers."):
          "\(site).\(suffix.dropFirst("ln_tuning_layers.".count))"
        default: "\(site).\(suffix)"
        }
      }
      let found = try #require(gradients[own ?? site], "\(key)")
      // Gradients of dropped triplets are tiny beside the others of their tensor.
      #expect(relativeDifference(found, value) < 2e-4, "\(key)")
      compared += 1
    }
    #expect(compared == gradients.count)
    try adapted.merge()
    let merged = network.output(Variable(input), in: .inference()).value
    #expect(relativeDifference(merged, wanted) < 2e-5)
  }

  @Test(arguments: Golden.cases)
  func `written and read again, nothing changes`(name: String) throws {
    let (network, input) = try Golden.network(of: name)
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(try Golden.url(name), into: adapted)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try PEFTFolder.write(adapter, of: adapted, to: folder)
      try adapted.detach("default")
      try PEFTFolder.read(folder, into: adapted)
      let after = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(after, before) < 1e-5)
    }
  }
}
