public import Gradients
public import Layers
import Tensors

/// One pair of factors in both bands of the features: `ΔW = s (g_L Lᵀ B A L + g_H Hᵀ B A H)`.
public final class WaveletFeatureAdapter: LowRankExpressible {
  /// `[rank, inputs', taps]`.
  @Key("wara_A") private var down: Parameter
  /// `[outputs', rank]`.
  @Key("wara_B") private var up: Parameter
  /// Of the low and of the high band, where they are trained: `[2]`.
  @Key("wara_gains") private var gains: Parameter?
  private let method: WaRA

  init(_ method: WaRA, at site: SiteGeometry, random: inout RandomStream) {
    self.method = method
    let inputs = Wavelet.half(site.inputs)
    down = Parameter(
      random.uniform(
        shape: [method.rank, inputs, site.taps], bound: 1 / Float(inputs * site.taps).squareRoot()),
      decays: false)
    up = Parameter(
      Tensor(zeros: [Wavelet.half(site.outputs), method.rank]), decays: false)
    gains = method.gains ? Parameter(Tensor(repeating: 1, shape: [2])) : nil
  }

  /// A: `[2 · rank, …]`; B: `[outputs, 2 · rank]`, the gains in B.
  private func factors(
    at site: SiteGeometry, _ value: (Parameter) -> Variable
  ) -> (down: Variable, up: Variable) {
    let (down, up) = (value(down), value(up))
    let bands: [Wavelet.Band] = [.low, .high]
    let downs = bands.map { method.wavelet.signal(of: down, $0, length: site.inputs) }
    var ups = bands.map { band in
      method.wavelet.signal(of: up.reshaped([1] + up.shape), band, length: site.outputs)
    }
    if let gains = gains.map(value) {
      ups = ups.enumerated().map { index, up in
        up.multipliedByColumn(gains.slice(index..<index + 1, axis: 0))
      }
    }
    return (
      Variable.concatenated(downs, axis: 0).reshaped(site.shape(outputs: 2 * method.rank)),
      Variable.concatenated(ups, axis: 2).reshaped([site.outputs, 2 * method.rank])
    )
  }

  /// Adds both bands by two thin products.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let (down, up) = factors(at: site) { context.variable($0) }
    return .lowRank([LowRankTerm(down: down, up: up, scale: method.scale)])
  }

  /// The sum of both bands.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    let (down, up) = factors(at: site) { Variable($0.value) }
    return site.product(ofUp: up, down: down) * method.scale
  }
  /// The same two thin factors: exact, with all components side by side.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    let (down, up) = factors(at: site) { Variable($0.value) }
    return LowRankForm(down: down.value, up: up.value, scale: method.scale)
  }
}
