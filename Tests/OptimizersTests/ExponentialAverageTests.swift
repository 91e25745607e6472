import Layers
import Optimizers
import Tensors
import Testing

struct ExponentialAverageTests {
  private let parameter = Parameter(Tensor([1, 2], shape: [2]))
  private var named: [(path: String, parameter: Parameter)] { [("p", parameter)] }

  @Test func `follows its values with the given decay`() {
    let average = ExponentialAverage(named, decay: 0.75)
    parameter.value = Tensor([5, -2], shape: [2])
    average.update()
    #expect(average.values["p"]?.values == [2, 1])
    average.update()
    #expect(average.values["p"]?.values == [2.75, 0.25])
    #expect(parameter.value.values == [5, -2])
  }

  @Test func `moments and averages follow entries that change their place`() {
    let optimizer = AdamW(named, weightDecay: 0)
    let average = ExponentialAverage(named, decay: 0.5)
    parameter.gradient = Tensor([1, 3], shape: [2])
    optimizer.update(rate: 0)
    let first = optimizer.state.moments["p.first_moment"]?.values ?? []
    #expect(first.count == 2 && first[1] > first[0] && first[0] > 0)
    parameter.value = Tensor([2, 7], shape: [2])
    let moved = [ParameterChange(parameter, origins: [1, nil])]
    optimizer.carry(moved)
    average.carry(moved)
    for name in ["first_moment", "second_moment"] {
      #expect(optimizer.state.moments["p.\(name)"]?.values.last == 0)
    }
    #expect(optimizer.state.moments["p.first_moment"]?.values == [first[1], 0])
    #expect(average.values["p"]?.values == [2, 7])
    optimizer.carry([ParameterChange(restarting: parameter)])
    #expect(optimizer.state.moments["p.first_moment"]?.values == [0, 0])
    // Parameters of others are none of its business.
    optimizer.carry([ParameterChange(restarting: Parameter(Tensor([1, 2], shape: [2])))])
  }

  @Test func `stands in for the parameters and gives them back, after errors too`() {
    struct Failure: Error {}
    let average = ExponentialAverage(named, decay: 0.5)
    parameter.value = Tensor([3, 4], shape: [2])
    average.update()
    average.substituted { #expect(parameter.value.values == [2, 3]) }
    #expect(parameter.value.values == [3, 4])
    #expect(throws: Failure.self) { try average.substituted { throw Failure() } }
    #expect(parameter.value.values == [3, 4])
    #expect(average.values["p"]?.values == [2, 3])
  }

  @Test func `running statistics are averaged too, counts are copied`() {
    let mean = Buffer(Tensor([1, 2], shape: [2]))
    let count = Buffer(Tensor(4), isInteger: true)
    let average = ExponentialAverage(
      named, buffers: [("bn.running_mean", mean), ("bn.num_batches_tracked", count)], decay: 0.75)
    mean.value = Tensor([5, -2], shape: [2])
    count.value = Tensor(5)
    average.update()
    #expect(average.values["bn.running_mean"]?.values == [2, 1])
    #expect(average.values["bn.num_batches_tracked"]?.values == [5])
    average.substituted { #expect(mean.value.values == [2, 1] && count.value.values == [5]) }
    #expect(mean.value.values == [5, -2])
    average.restore(["bn.running_mean": Tensor([8, 8], shape: [2])])
    #expect(average.values["bn.running_mean"]?.values == [8, 8])
  }

  @Test func `continues from saved values and ignores what does not fit`() {
    let average = ExponentialAverage(named, decay: 0.5)
    average.restore(["p": Tensor([8, 8], shape: [2]), "q": Tensor(0)])
    #expect(average.values["p"]?.values == [8, 8])
    average.restore(["p": Tensor([1], shape: [1])])
    #expect(average.values["p"]?.values == [8, 8])
  }
}
