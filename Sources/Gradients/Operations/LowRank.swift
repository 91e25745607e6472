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
  /// One factor for each picture of the batch and each component, `[pictures, rank]`, or `nil` for 1.
  public var gates: Tensor?
  /// An inverted dropout mask on the input of A, of the input's shape, or `nil`.
  public var dropped: Tensor?

  /// Makes a term.
  public init(
    down: Variable, up: Variable, scale: Float, outputs: Range<Int>? = nil,
    gates: Tensor? = nil, dropped: Tensor? = nil
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
  let gates: Tensor?

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
      if let gates { gateRows(target, gates: gates, rows: rows) }
    }
  }
}

/// Multiplies the rows of each picture by its gates, `[pictures, rank]`; rows are picture-major.
private func gateRows(_ lines: UnsafeMutablePointer<Float>, gates: Tensor, rows: Int) {
  let (pictures, rank) = (gates.rows, gates.columns)
  let own = rows / pictures
  gates.withPointer { factors in
    for picture in 0..<pictures {
      let block = lines + picture * own * rank
      ck_multiply_row(block, block, factors + picture * rank, Int64(own), Int64(rank))
    }
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
      gates.map { $0.rank == 2 && $0.columns == rank && $0.rows > 0 && rows % $0.rows == 0 }
        ?? true,
      "LowRankTerm: gates \(gates?.shape ?? []) do not fit \(rows) rows of rank \(rank)")
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
      if let gates { gateRows(target, gates: gates, rows: rows) }
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
  /// Multiplies column `c` of the rows of picture `i` by `gates[i, c]`; rows of one picture stand
  /// together.
  ///
  /// **Shape**: `[…, rank]` with gates `[pictures, rank]`, the rows a multiple of the pictures → the same.
  public func gated(_ gates: Tensor) -> Variable {
    precondition(
      gates.rank == 2 && gates.columns == value.columns && gates.rows > 0
        && value.rows % gates.rows == 0,
      "gated: gates \(gates.shape) do not fit \(shape)")
    func scaledRows(_ x: Tensor) -> Tensor {
      var result = x
      result.withMutablePointer { gateRows($0, gates: gates, rows: x.rows) }
      return result
    }
    let input = place
    return record(scaledRows(value), from: [self]) { gradient, tape in
      tape.accumulate(scaledRows(gradient), into: input)
    }
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
