public import Gradients
public import Layers
import Tensors

/// One pair of factors in the four bands of the picture that tokens form: `y_b = g_b B φ(A c_b)`.
///
/// The transform moves along rows and columns, A and B along channels, so they commute: the transform
/// is done on the thin activation `A x`. Tokens before the picture go through the factors alone, and so do
/// rows of tokens that are no picture, such as a selection of its patches.
public final class WaveletTokenAdapter: LowRankExpressible {
  /// `[rank, inputs]`.
  @Key("wara_A") private var down: Parameter
  /// `[outputs, rank]`.
  @Key("wara_B") private var up: Parameter
  /// Of LL, LH, HL and HH, where they are trained: `[4]`.
  @Key("wara_gains") private var gains: Parameter?
  private let method: WaRA

  init(_ method: WaRA, at site: SiteGeometry, random: inout RandomStream) {
    self.method = method
    down = Parameter(
      random.uniform(
        shape: [method.rank, site.inputs], bound: 1 / Float(site.inputs).squareRoot()),
      decays: false)
    up = Parameter(Tensor(zeros: [site.outputs, method.rank]), decays: false)
    gains = method.gains ? Parameter(Tensor(repeating: 1, shape: [4])) : nil
  }

  private func inner(_ x: Variable) -> Variable {
    method.inner == .gelu ? x.gaussianErrorLinear() : x
  }

  /// Each band of a picture through φ and its gain, and back.
  ///
  /// **Shape**: `[batch, height, width, rank]` → the same.
  private func changed(_ picture: Variable, gains: Variable?) -> Variable {
    let (batch, height, width) = (picture.shape[0], picture.shape[1], picture.shape[2])
    let rank = picture.shape[3]
    let (halfHeight, halfWidth) = (Wavelet.half(height), Wavelet.half(width))
    let wavelet = method.wavelet
    var sum: Variable?
    for (first, bands) in [(Wavelet.Band.low, [WaRA.Band.ll, .lh]), (.high, [.hl, .hh])] {
      let rows = wavelet.coefficients(
        first, of: picture.reshaped([batch, height, width * rank])
      ).reshaped([batch * halfHeight, width, rank])
      var line: Variable?
      for band in bands where method.bands.contains(band) {
        var change = inner(wavelet.coefficients(band.second, of: rows))
        if let gains, let place = WaRA.Band.allCases.firstIndex(of: band) {
          change = change.reshaped([1, change.value.count])
            .multipliedByColumn(gains.slice(place..<place + 1, axis: 0))
            .reshaped([batch * halfHeight, halfWidth, rank])
        }
        let signal = wavelet.signal(of: change, band.second, length: width)
        line = line.map { $0 + signal } ?? signal
      }
      guard let line else { continue }
      let signal = wavelet.signal(
        of: line.reshaped([batch, halfHeight, width * rank]), first, length: height)
      sum = sum.map { $0 + signal } ?? signal
    }
    return (sum ?? picture * 0).reshaped(picture.shape)
  }

  private func addition(_ input: Variable, _ down: Variable, _ up: Variable, _ gains: Variable?)
    -> Variable
  {
    let hidden = input.linear(weight: down)
    let (shape, rank) = (hidden.shape, method.rank)
    let result: Variable
    if shape.count == 4, method.wavelet.fits(shape[1], shape[2]) {
      result = changed(hidden, gains: gains)
    } else if shape.count == 3, let (height, width) = method.layout(ofTokens: shape[1]) {
      let prefix = shape[1] - height * width
      let picture = hidden.slice(prefix..<shape[1], axis: 1)
        .reshaped([shape[0], height, width, rank])
      let rest = changed(picture, gains: gains).reshaped([shape[0], height * width, rank])
      result =
        prefix == 0
        ? rest : .concatenated([inner(hidden.slice(0..<prefix, axis: 1)), rest], axis: 1)
    } else {
      result = inner(hidden)
    }
    return result.linear(weight: up) * method.scale
  }

  /// Adds what the bands make of the input.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let (down, up) = (context.variable(down), context.variable(up))
    if method.isPlainLowRank {
      return .lowRank([
        LowRankTerm(
          down: down.reshaped(site.shape(outputs: method.rank)), up: up, scale: method.scale)
      ])
    }
    let gains = gains.map { context.variable($0) }
    return .output { _, input in self.addition(input, down, up, gains) }
  }

  /// `s B A` where bands are treated alike; `nil` otherwise.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    guard method.isPlainLowRank else { return nil }
    return site.product(ofUp: Variable(up.value), down: Variable(down.value)) * method.scale
  }

  /// The factors where bands are treated alike; `nil` otherwise.
  public func lowRankForm(at site: SiteGeometry) -> LowRankForm? {
    guard method.isPlainLowRank else { return nil }
    return LowRankForm(
      down: down.value.reshaped(site.shape(outputs: method.rank)), up: up.value,
      scale: method.scale)
  }
}

extension WaRA {
  /// Rows and columns of the picture in a number of tokens, or `nil` where it does not fit.
  ///
  /// Tokens that are left over stand before the picture: class tokens and registers. A square picture
  /// may have five of them.
  public func layout(ofTokens tokens: Int) -> (height: Int, width: Int)? {
    func fits(_ height: Int, _ width: Int) -> Bool {
      wavelet.fits(height, width) && height * width <= tokens
    }
    if gridHeight > 0 {
      return fits(gridHeight, gridWidth) ? (gridHeight, gridWidth) : nil
    }
    let side = Int(Double(tokens).squareRoot())
    return tokens - side * side <= 5 && fits(side, side) ? (side, side) : nil
  }
}
