import Backbones
import Layers
import Tasks
import Tensors
import Testing

@Suite struct LayerRatesTests {
  @Test func `blocks are counted from the top`() {
    let rates = LayerRates(
      paths: [
        "backbone.cls_token", "backbone.patch_embed.proj.weight", "backbone.blocks.0.attn.weight",
        "backbone.blocks.0.mlp.weight", "backbone.blocks.1.attn.weight", "backbone.norm.weight",
        "head.neck.weight",
      ], core: 0.1, decay: 0.5)
    #expect(rates.factor("backbone.cls_token") == 0.025)
    #expect(rates.factor("backbone.patch_embed.proj.weight") == 0.025)
    #expect(rates.factor("backbone.blocks.0.mlp.weight") == 0.05)
    #expect(rates.factor("backbone.blocks.1.attn.weight") == 0.1)
    #expect(rates.factor("backbone.norm.weight") == 0.1)
    #expect(rates.factor("head.neck.weight") == 1)
  }

  @Test func `nested blocks count one by one`() {
    let paths = [
      "backbone.layers.0.blocks.0.w", "backbone.layers.0.blocks.1.w",
      "backbone.layers.1.downsample.w", "backbone.layers.1.blocks.0.w",
    ]
    let rates = LayerRates(paths: paths, core: 1, decay: 0.5)
    #expect(paths.map { rates.factor($0) } == [0.125, 0.25, 0.5, 1])
  }

  @Test(arguments: ["convnet_small", "vit_tiny_patch16_224", "resnet50"])
  func `a network's rates rise from its first to its last parameter`(_ name: String) throws {
    let entry = try #require(BackboneCatalog.entry(named: name))
    let backbone = try entry.make(.init(), random: .blank)
    let paths = backbone.parameters.map { "backbone." + $0.path }
    let rates = LayerRates(paths: paths, core: 1, decay: 0.5)
    let factors = paths.map { rates.factor($0) }
    #expect(factors == factors.sorted())
    #expect(factors.last == 1 && (factors.first ?? 1) <= 0.0625)
  }
}
