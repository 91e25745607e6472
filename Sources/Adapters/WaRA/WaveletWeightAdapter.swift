public import Gradients
public import Layers
import Tensors

/// Factors in each wavelet band of a weight: `ΔW = s Σ_b row(b)ᵀ B_b A_b col(b)`.
///
/// The transforms are applied to the factors, not to activations: they are then two thin factors of rank
/// `Σ rank_b` in the base's own product, which is exact.
public final class WaveletWeightAdapter: LowRankExpressible {
  /// The factors of one band.
  final class Piece: Module {
    /// `[rank, inputs', taps]`.
    @Key("wara_A") var down: Parameter
    /// `[outputs', rank]`.
    @Key("wara_B") var up: Parameter
    let band: WaRA.Band
    let level: Int

    init(band: WaRA.Band, level: Int, down: Tensor, up: Tensor) {
      self.band = band
      self.level = level
      self.down = Parameter(down, decays: false)
      self.up = Parameter(up, decays: false)
    }
  }

  private let bands: [Piece]
  private let method: WaRA

  init(_ method: WaRA, at site: SiteGeometry, random: inout RandomStream) {
    self.method = method
    var pieces: [Piece] = []
    for piece in method.pieces(at: site) {
      let rank = method.rank(of: piece.band)
      let bound = 1 / Float(piece.inputs * site.taps).squareRoot()
      pieces.append(
        Piece(
          band: piece.band, level: piece.level,
          down: random.uniform(shape: [rank, piece.inputs, site.taps], bound: bound),
          up: Tensor(zeros: [piece.outputs, rank])))
    }
    bands = pieces
  }

  /// Coefficients back through all levels, the innermost by the band's own filter.
  private func signal(
    of coefficients: Variable, _ band: Wavelet.Band, level: Int, length: Int
  ) -> Variable {
    var lengths = [length]
    for _ in 0..<level { lengths.append(Wavelet.half(lengths[lengths.count - 1])) }
    return (0..<level).reversed().reduce(coefficients) { signal, step in
      method.wavelet.signal(
        of: signal, step == level - 1 ? band : .low, length: lengths[step])
    }
  }

  /// A: `[Σ rank_b, …]`; B: `[outputs, Σ rank_b]`.
  private func factors(
    at site: SiteGeometry, _ value: (Parameter) -> Variable
  ) -> (down: Variable, up: Variable) {
    var (downs, ups) = ([Variable](), [Variable]())
    for piece in bands {
      let (down, up) = (value(piece.down), value(piece.up))
      let rank = down.shape[0]
      downs.append(
        signal(of: down, piece.band.second, level: piece.level, length: site.inputs)
          .reshaped(site.shape(outputs: rank)))
      ups.append(
        signal(
          of: up.reshaped([1] + up.shape), piece.band.first, level: piece.level,
          length: site.outputs
        ).reshaped([site.outputs, rank]))
    }
    return (.concatenated(downs, axis: 0), .concatenated(ups, axis: 1))
  }

  /// Adds all bands by two thin products.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let (down, up) = factors(at: site) { context.variable($0) }
    return .lowRank([LowRankTerm(down: down, up: up, scale: method.scale)])
  }

  /// The sum over the bands.
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
