import CKernels
public import Tensors

/// A change of a linear map or convolution by two thin factors: `y += scale · (gate ⊙ (x Aᵀ)) Bᵀ`.
///
/// The change is added inside the base operation, in place: it makes no tensor of the output's size.
/// **Shape**: for a map of `inputs` to `outputs`, A is `[rank, inputs]` and B `[outputs, rank]`; for a
/// convolution A is `[rank, inputs / groups, kernelHeight, kernelWidth]` and moves as the base does, B
/// is `[outputs, rank / groups]`.
/// **Source**: E. Hu et al., "LoRA", 2022, arXiv 2106.09685; the gate is that of PETALface.
public struct LowRankTerm {
  /// A, the factor on the input side.
  public var down: Variable
  /// B, the factor on the output side.
  public var up: Variable
  /// Multiplies the change.
  public var scale: Float
  /// The outputs that are changed, one part of a fused map; `nil` for all.
  public var outputs: Range<Int>?
  /// One factor for each picture of the batch, or `nil` for 1.
  public var gates: [Float]?
  /// An inverted dropout mask on the input of A, of the input's shape, or `nil`.
  public var dropped: Tensor?

  /// Makes a term.
  public init(
    down: Variable, up: Variable, scale: Float, outputs: Range<Int>? = nil,
    gates: [Float]? = nil, dropped: Tensor? = nil
  ) {
    self.down = down
    self.up = up
    self.scale = scale
    self.outputs = outputs
    self.gates = gates
    self.dropped = dropped
  }

  /// Rows of A.
  public var rank: Int { down.shape[0] }
}

/// A low-rank term whose thin inner activation `[rows, rank]` is known.
struct InnerTerm {
  let hidden: Tensor
  let rank: Int
  let scale: Float
  let groups: Int
  let firstOutput: Int
  let outputCount: Int
  let hiddenPlace: Place
  let downPlace: Place
  let upPlace: Place
  let upValue: Tensor
  /// Kept only where the gradient of the input needs it.
  let downValue: Tensor?
  let gates: [Float]?

  /// Adds the term to `product`, `[rows, columns]`.
  func add(to product: inout Tensor, rows: Int, columns: Int) {
    let (part, inner) = (outputCount / groups, rank / groups)
    product.withMutablePointer { y in
      hidden.withPointer { h in
        upValue.withPointer { b in
          for group in 0..<groups {
            ck_gemm(
              false, true, Int64(rows), Int64(part), Int64(inner), scale, h + group * inner,
              Int64(rank), b + group * part * inner, Int64(inner), 1,
              y + firstOutput + group * part, Int64(columns))
          }
        }
      }
    }
  }

  /// The gradient of B: `scale · gᵀ h` over the changed outputs.
  func upGradient(of gradient: Tensor, rows: Int, columns: Int) -> Tensor {
    let (part, inner) = (outputCount / groups, rank / groups)
    return Tensor(shape: upPlace.shape) { target in
      gradient.withPointer { g in
        hidden.withPointer { h in
          for group in 0..<groups {
            ck_gemm(
              true, false, Int64(part), Int64(inner), Int64(rows), scale,
              g + firstOutput + group * part, Int64(columns), h + group * inner, Int64(rank), 0,
              target + group * part * inner, Int64(inner))
          }
        }
      }
    }
  }

  /// The gradient of the inner activation, before the gate: `gate ⊙ (scale · g B)`.
  func hiddenGradient(of gradient: Tensor, rows: Int, columns: Int) -> Tensor {
    let (part, inner) = (outputCount / groups, rank / groups)
    return Tensor(shape: [rows, rank]) { target in
      gradient.withPointer { g in
        upValue.withPointer { b in
          for group in 0..<groups {
            ck_gemm(
              false, false, Int64(rows), Int64(inner), Int64(part), scale,
              g + firstOutput + group * part, Int64(columns), b + group * part * inner,
              Int64(inner), 0, target + group * inner, Int64(rank))
          }
        }
      }
      gate(target, rows: rows)
    }
  }

  private func gate(_ lines: UnsafeMutablePointer<Float>, rows: Int) {
    guard let gates else { return }
    gateRows(lines, gates: gates, rows: rows, rank: rank)
  }
}

/// Multiplies the rows of each picture by its gate; rows are picture-major.
private func gateRows(_ lines: UnsafeMutablePointer<Float>, gates: [Float], rows: Int, rank: Int) {
  gates.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { return }
    ck_multiply_column(
      lines, lines, base, Int64(gates.count), Int64(rows / gates.count * rank))
  }
}

extension LowRankTerm {
  /// Stops where the factors do not fit a map of `outputs`.
  private func checked(outputs total: Int, groups: Int) -> Range<Int> {
    let range = outputs ?? 0..<total
    precondition(
      range.upperBound <= total && up.shape.count == 2 && up.shape[0] == range.count
        && rank % groups == 0 && up.shape[1] == rank / groups && range.count % groups == 0,
      "LowRankTerm: A \(down.shape) and B \(up.shape) do not fit \(range.count) outputs in "
        + "\(groups) groups")
    return range
  }

  private func precheckGates(rows: Int) {
    precondition(
      gates.map { !$0.isEmpty && rows % $0.count == 0 } ?? true,
      "LowRankTerm: \(gates?.count ?? 0) gates do not divide \(rows) rows")
  }

  /// The term with its inner activation computed from `input` by one product.
  ///
  /// With dropout the inner activation is an operation of its own, because its input differs.
  func inner(of input: Variable, outputs total: Int, inputTracked: Bool) -> InnerTerm {
    let range = checked(outputs: total, groups: 1)
    let (rows, inputs) = (input.value.rows, input.value.columns)
    precheckGates(rows: rows)
    precondition(
      down.value.count == rank * inputs,
      "LowRankTerm: A \(down.shape) does not fit an input \(input.shape)")
    if let dropped {
      var hidden = (input * Variable(dropped)).linear(weight: down)
      if let gates { hidden = hidden.gated(gates) }
      return known(hidden, range: range, groups: 1)
    }
    let hidden = Tensor(shape: [rows, rank]) { target in
      input.value.withPointer { x in
        down.value.withPointer { a in
          ck_gemm(
            false, true, Int64(rows), Int64(rank), Int64(inputs), 1, x, Int64(inputs), a,
            Int64(inputs), 0, target, Int64(rank))
        }
      }
      if let gates { gateRows(target, gates: gates, rows: rows, rank: rank) }
    }
    return InnerTerm(
      hidden: hidden, rank: rank, scale: scale, groups: 1, firstOutput: range.lowerBound,
      outputCount: range.count, hiddenPlace: Variable(hidden).place, downPlace: down.place,
      upPlace: up.place, upValue: up.value, downValue: inputTracked ? down.value : nil,
      gates: gates)
  }

  /// The term of a convolution; the inner activation is a convolution of its own.
  func inner(
    of input: Variable, outputs total: Int, stride: Int, padding: Int, groups: Int
  ) -> InnerTerm {
    let range = checked(outputs: total, groups: groups)
    let x = dropped.map { input * Variable($0) } ?? input
    var hidden = x.convolved(weight: down, stride: stride, padding: padding, groups: groups)
    precheckGates(rows: hidden.value.rows)
    if let gates { hidden = hidden.gated(gates) }
    return known(hidden, range: range, groups: groups)
  }

  private func known(_ hidden: Variable, range: Range<Int>, groups: Int) -> InnerTerm {
    InnerTerm(
      hidden: hidden.value, rank: rank, scale: scale, groups: groups,
      firstOutput: range.lowerBound, outputCount: range.count, hiddenPlace: hidden.place,
      downPlace: Variable(hidden.value).place, upPlace: up.place, upValue: up.value,
      downValue: nil, gates: nil)
  }

  /// Variables that decide whether an operation with this term is recorded.
  var sources: [Variable] { [down, up] }
}

extension Variable {
  /// Multiplies the rows of picture `i` by `gates[i]`; rows of one picture stand together.
  ///
  /// **Shape**: any, the number of last-axis rows a multiple of the number of gates → the same.
  public func gated(_ gates: [Float]) -> Variable {
    let shape = shape
    return reshaped([gates.count, value.count / max(gates.count, 1)])
      .scalingFirstAxis(by: gates)
      .reshaped(shape)
  }
}

/// Adds the gradients that a product with low-rank terms owes them.
///
/// Terms whose inner activation was computed here add to `inputGradient` in place, so the gradient of
/// the input stays one tensor.
func backpropagate(
  _ gradient: Tensor, through terms: [InnerTerm], rows: Int, columns: Int, input: () -> Tensor?,
  into inputGradient: inout Tensor?, on tape: Tape
) {
  var kept: Tensor?
  for term in terms {
    if term.upPlace.isTracked {
      tape.accumulate(
        term.upGradient(of: gradient, rows: rows, columns: columns), into: term.upPlace)
    }
    let needsInput = term.downValue != nil && inputGradient != nil
    guard term.hiddenPlace.isTracked || term.downPlace.isTracked || needsInput else { continue }
    let inner = term.hiddenGradient(of: gradient, rows: rows, columns: columns)
    if term.hiddenPlace.isTracked {
      tape.accumulate(inner.reshaped(term.hiddenPlace.shape), into: term.hiddenPlace)
      continue
    }
    if term.downPlace.isTracked {
      if kept == nil { kept = input() }
      if let kept {
        let inputs = kept.columns
        let downGradient = Tensor(shape: term.downPlace.shape) { target in
          inner.withPointer { u in
            kept.withPointer { x in
              ck_gemm(
                true, false, Int64(term.rank), Int64(inputs), Int64(rows), 1, u, Int64(term.rank),
                x, Int64(inputs), 0, target, Int64(inputs))
            }
          }
        }
        tape.accumulate(downGradient, into: term.downPlace)
      }
    }
    if needsInput, let downValue = term.downValue {
      let inputs = downValue.count / term.rank
      inputGradient?.withMutablePointer { dx in
        inner.withPointer { u in
          downValue.withPointer { a in
            ck_gemm(
              false, false, Int64(rows), Int64(inputs), Int64(term.rank), 1, u, Int64(term.rank),
              a, Int64(inputs), 1, dx, Int64(inputs))
          }
        }
      }
    }
  }
}
