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
    #expect(rates.factor("backbone.cls_token") == 0.0125)
    #expect(rates.factor("backbone.patch_embed.proj.weight") == 0.0125)
    #expect(rates.factor("backbone.blocks.0.mlp.weight") == 0.025)
    #expect(rates.factor("backbone.blocks.1.attn.weight") == 0.05)
    #expect(rates.factor("backbone.norm.weight") == 0.1)
    #expect(rates.factor("head.neck.weight") == 1)
  }

  @Test func `nested blocks count one by one`() {
    let paths = [
      "backbone.layers.0.blocks.0.w", "backbone.layers.0.blocks.1.w",
      "backbone.layers.1.downsample.w", "backbone.layers.1.blocks.0.w",
    ]
    let rates = LayerRates(paths: paths, core: 1, decay: 0.5)
    #expect(paths.map { rates.factor($0) } == [0.125, 0.25, 0.25, 0.5])
  }

  @Test(arguments: ["simmim_vit_base_patch16_224", "beit_base_patch16_224"])
  func `ViT-B has the factors of SimMIM's release`(_ name: String) throws {
    let entry = try #require(BackboneCatalog.entry(named: name))
    let paths = try entry.make(.init(), random: .blank).parameters.map { "backbone." + $0.path }
    let rates = LayerRates(paths: paths, core: 1, decay: 0.65)
    func factor(_ suffix: String) -> Float { rates.factor("backbone." + suffix) }
    // Ids 0, 1, 12 and 13 of 13.
    for (path, expected) in [
      ("patch_embed.proj.weight", 0.0037), ("cls_token", 0.0037),
      ("blocks.0.mlp.fc1.weight", 0.00569), ("blocks.11.attn.proj.weight", 0.65),
    ] as [(String, Float)] {
      #expect(paths.contains("backbone." + path), "\(path)")
      #expect(abs(factor(path) - expected) < 0.006 * expected, "\(path) \(factor(path))")
    }
    for path in ["norm.weight", "fc_norm.weight", "rel_pos_bias.relative_position_bias_table"]
    where paths.contains("backbone." + path) {
      #expect(factor(path) == 1, "\(path)")
    }
    #expect(rates.factor("head.weight") == 1)
  }

  @Test func `merging goes with the stage before it`() throws {
    let entry = try #require(BackboneCatalog.entry(named: "swin_tiny_patch4_window7_224"))
    let paths = try entry.make(.init(), random: .blank).parameters.map { "backbone." + $0.path }
    let rates = LayerRates(paths: paths, core: 1, decay: 0.5)
    let exponents = [
      ("patch_embed.proj.weight", 13), ("layers.0.blocks.1.norm1.weight", 11),
      ("layers.1.downsample.reduction.weight", 11), ("layers.3.downsample.norm.weight", 3),
      ("layers.3.blocks.1.norm1.weight", 1), ("norm.weight", 0),
    ]
    for (path, exponent) in exponents {
      #expect(paths.contains("backbone." + path), "\(path)")
      #expect(rates.factor("backbone." + path) == 1 / Float(1 << exponent), "\(path)")
    }
  }

  @Test(arguments: ["convnet_small", "vit_tiny_patch16_224", "resnet50"])
  func `a network's rates rise from its first to its last parameter`(_ name: String) throws {
    let entry = try #require(BackboneCatalog.entry(named: name))
    let backbone = try entry.make(.init(), random: .blank)
    let paths = backbone.parameters.map { "backbone." + $0.path }
    let rates = LayerRates(paths: paths, core: 1, decay: 0.5)
    let factors = paths.map { rates.factor($0) }
    #expect(factors == factors.sorted())
    #expect((factors.last ?? 0) >= 0.5 && (factors.first ?? 1) <= 0.0625)
  }
}
