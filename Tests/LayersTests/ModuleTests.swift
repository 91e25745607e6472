import Gradients
import Layers
import Tensors
import Testing

struct ModuleTests {
  private final class Part: Module {
    let weight = Parameter(Tensor(zeros: [2, 3]))
    let shift: Parameter? = Parameter(Tensor(zeros: [3]))
    let absent: Parameter? = nil
    let number = 3
  }

  private final class Whole: Module {
    @Key("cls_token") var token: Parameter
    @Key("") var unnamed: Part
    let parts = [Part(), Part()]
    let normalization = BatchNormalization(4)
    let any: any Module = Part()
    let notes = ["first": 1]

    init() {
      token = Parameter(Tensor(zeros: [5]), decays: false)
      unnamed = Part()
    }
  }

  @Test func `paths are property names, keys and positions, in the order of declaration`() {
    let module = Whole()
    #expect(
      module.parameters.map(\.path) == [
        "cls_token", "weight", "shift", "parts.0.weight", "parts.0.shift", "parts.1.weight",
        "parts.1.shift", "normalization.weight", "normalization.bias", "any.weight", "any.shift",
      ])
    #expect(
      module.buffers.map(\.path) == [
        "normalization.running_mean", "normalization.running_var",
        "normalization.num_batches_tracked",
      ])
    #expect(module.parameterCount() == 5 + 4 * 9 + 8)
  }

  @Test func `freezing reaches every parameter`() {
    let module = Whole()
    module.setTrainable(false)
    module.token.isTrainable = true
    #expect(module.parameterCount(trainableOnly: true) == 5)
  }

  @Test func `only tensors of two axes decay by themselves`() {
    #expect(Parameter(Tensor(zeros: [2, 3])).decays)
    #expect(!Parameter(Tensor(zeros: [3])).decays)
    #expect(!Parameter(Tensor(zeros: [1, 1, 3]), decays: false).decays)
  }
}
