import Adapters
import Backbones
import Layers
import Recipes
import Tensors
import Testing
import Training

@testable import Tasks

/// Where a gated adapter sits when a recipe says nothing.
@Suite struct GatedPlacementTests {
  @Test func `a gated adapter goes where the paper puts it`() throws {
    let network = VisionTransformer(
      .init(image: Extent(height: 16, width: 16), patch: 8, width: 12, depth: 2, heads: 2),
      random: RandomStream(seed: 1))
    func sites(
      on network: any Module, _ change: (inout TuningSettings) -> Void = { _ in }
    ) throws -> [String] {
      var tuning = TuningSettings()
      tuning.method = "petalface"
      tuning.adapter = ["rank": "2"]
      change(&tuning)
      return try TaskAdapter.attached(tuning, to: AdaptedNetwork(network), seed: 0)
        .attached.map(\.site.path)
    }
    let fused = ["blocks.0.attn.qkv", "blocks.1.attn.qkv"]
    #expect(try sites(on: network) == fused)
    #expect(try sites(on: network) { $0.adapter["single"] = "blocks.1.mlp.fc2" }.count == 3)
    #expect(try sites(on: network) { $0.excluded = "blocks.0.attn.qkv" } == [fused[1]])
    #expect(try sites(on: network) { $0.sites = "mlp.fc1" }.count == 2)
    // A pattern says which have one branch; the map of the patches is none of them.
    #expect(try sites(on: network) { $0.adapter["single"] = "*" } == fused)
    // Networks without attention have it on every map.
    let convolutions = try ModelFolder.load("random:convnet_small@32x16", seed: 0).backbone
    #expect(try sites(on: convolutions).count > 3)
  }

  @Test func `PETALface's own network has the paper's sites and numbers`() throws {
    var shape = SwinTransformer.Configuration.petalFace
    (shape.image, shape.width, shape.depths) = (Extent(height: 60, width: 60), 16, [1, 2, 1])
    (shape.heads, shape.featureLayer) = ([2, 2, 2], 24)
    let network = SwinTransformer(shape, random: RandomStream(seed: 1))
    func attached(_ adapter: [String: String]) throws -> NetworkAdapter {
      var tuning = TuningSettings()
      tuning.method = "petalface"
      tuning.adapter = adapter.merging(["rank": "4"]) { $1 }
      return try TaskAdapter.attached(tuning, to: AdaptedNetwork(network), seed: 0)
    }
    #expect(throws: AdapterError.self) { try attached(["single": "feature_layer.3"]) }
    let adapter = try attached([:])
    #expect(
      adapter.attached.map(\.site.path) == [
        "layers.0.blocks.0.attn.qkv", "layers.1.blocks.0.attn.qkv", "layers.1.blocks.1.attn.qkv",
        "layers.2.blocks.0.attn.qkv", "feature_layer.2",
      ])
    let gated = adapter.attached.map { ($0.adapter as? QualityGatedAdapter)?.isGated }
    #expect(gated == [true, true, true, true, false])
    // Σ 8·d·r over the blocks, and r·(inputs + outputs) of the embedding: 3×3 cells of 64 numbers.
    #expect(adapter.parameterCount == 8 * 4 * (16 + 32 + 32 + 64) + 4 * (9 * 64 + 24))
    #expect(adapter.parameterCount == adapter.declaredCount)
  }
}
