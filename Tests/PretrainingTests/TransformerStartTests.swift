import Backbones
import Pretraining
import Recipes
import Tensors
import Testing

struct TransformerStartTests {
  @Test func `recipes know by their names which networks are transformers`() throws {
    for entry in BackboneCatalog.all {
      var recipe = PretrainingRecipe()
      recipe.model.backbone = entry.name
      let network = try entry.make(.init(), random: .blank)
      let isTransformer = network is VisionTransformer || network is SwinTransformer
      #expect(recipe.hasTransformer == isTransformer, "\(entry.name)")
    }
  }
}
