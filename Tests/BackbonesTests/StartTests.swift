import Backbones
import Layers
import Tensors
import Testing

/// The values with which training from scratch begins.
struct StartTests {
  @Test func `the relative position transformer starts as SimMIM's release does`() throws {
    let model = VisionTransformer(
      .relative(image: Extent(height: 32, width: 16), patch: 8, width: 48, depth: 3, heads: 3),
      random: RandomStream(seed: 4))
    // N(0, 0.02²) cut at ± 0.02 has a standard deviation of 0.5396 · 0.02.
    let cut = 0.010792
    var seen = 0
    for (path, parameter) in model.parameters {
      let values = parameter.value.values
      var divisor = 1.0
      if path.hasSuffix("attn.proj.weight") || path.hasSuffix("mlp.fc2.weight") {
        let block = try #require(Int(path.split(separator: ".")[1]))
        divisor = Double(2 * (block + 1)).squareRoot()
      }
      let isDrawn =
        path == "cls_token" || (path.hasSuffix("weight") && parameter.value.rank > 1)
      guard isDrawn else {
        let isScale = path.contains("norm") && path.hasSuffix("weight")
        let constant: Float = isScale ? 1 : path.contains("gamma") ? 0.1 : 0
        #expect(values.allSatisfy { $0 == constant }, "\(path)")
        continue
      }
      seen += 1
      let squares = values.reduce(0) { $0 + Double($1) * Double($1) }
      let deviation = (squares / Double(values.count)).squareRoot() * divisor
      #expect(values.allSatisfy { Double(abs($0)) * divisor <= 0.0200001 }, "\(path)")
      let tolerance = values.count < 100 ? 0.3 : 0.05
      #expect(abs(deviation - cut) < tolerance * cut, "\(path): \(deviation)")
    }
    #expect(seen == 2 + 3 * 4)
  }
}
