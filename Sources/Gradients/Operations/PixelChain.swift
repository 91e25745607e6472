import CKernels
public import Tensors

/// Maps of single pixels, one after the other, for passes that record nothing.
///
/// A band of pixels goes through all of them before the next one starts, so what lies between two maps
/// never reaches memory. Equal to the same operations one by one up to rounding.
public struct PixelChain {
  /// Channels after the last step.
  public private(set) var columns: Int
  private let inputColumns: Int
  private var steps: [ck_chain_step] = []
  // The steps point into these.
  private var held: [Tensor] = []
  private var keptColumns: Int?

  /// Starts with pixels of so many channels.
  public init(columns: Int) {
    self.columns = columns
    inputColumns = columns
  }

  /// Normalises every pixel as ``Variable/layerNormalized(scale:shift:epsilon:)`` does.
  public mutating func normalize(scale: Tensor, shift: Tensor, epsilon: Float) {
    precondition(
      scale.count == columns && shift.count == columns,
      "PixelChain.normalize: scale \(scale.shape) and shift \(shift.shape) for \(columns) channels")
    var step = next(ck_step_normalize, columns: columns)
    step.scale = pointer(to: scale)
    step.shift = pointer(to: shift)
    step.epsilon = epsilon
    steps.append(step)
  }

  /// What a map adds to its output.
  public enum Addend {
    /// Nothing.
    case nothing
    /// A map of the shape of the output.
    case tensor(Tensor)
    /// The output of the step that was kept.
    case kept
  }

  /// Multiplies every pixel by a weight `[outputs, channels]`, adds a bias `[outputs]` and `addend`.
  ///
  /// `keeps` holds the result for a later step to add; one step can be kept.
  public mutating func map(
    weight: Tensor, bias: Tensor?, addend: Addend = .nothing, keeps: Bool = false
  ) {
    let outputs = weight.shape.first ?? 0
    precondition(
      weight.count == outputs * columns && bias?.count ?? outputs == outputs,
      "PixelChain.map: weight \(weight.shape), bias \(bias?.shape ?? []) for \(columns) channels")
    var step = next(ck_step_map, columns: outputs)
    step.weight = pointer(to: weight)
    if let bias { step.bias = pointer(to: bias) }
    switch addend {
    case .nothing: break
    case .tensor(let tensor):
      precondition(
        tensor.columns == outputs, "PixelChain.map: \(tensor.shape) added to \(outputs) channels")
      step.addend = pointer(to: tensor)
    case .kept:
      precondition(
        keptColumns == outputs, "PixelChain.map: kept \(keptColumns ?? 0), added to \(outputs)")
      step.adds_kept = true
    }
    if keeps {
      precondition(keptColumns == nil, "PixelChain.map: one step can be kept")
      keptColumns = outputs
      step.keeps = true
    }
    steps.append(step)
  }

  /// Multiplies the first half of the channels by the second half.
  public mutating func gate() {
    precondition(columns % 2 == 0, "PixelChain.gate: \(columns) channels have no two halves")
    steps.append(next(ck_step_gate, columns: columns / 2))
  }

  /// Multiplies pixels by rows of factors, of which each serves an equal run of pixels.
  ///
  /// **Shape**: `[…, channels]`: one row a picture, or one a pixel.
  public mutating func scale(by factors: Tensor, pixels: Int) {
    precondition(
      factors.columns == columns && factors.rows > 0 && pixels % factors.rows == 0,
      "PixelChain.scale: factors \(factors.shape) for \(pixels) pixels of \(columns) channels")
    var step = next(ck_step_scale, columns: columns)
    step.factors = pointer(to: factors)
    step.factor_pixels = Int64(pixels / factors.rows)
    steps.append(step)
  }

  /// Computes all steps for `[…, channels]`.
  public func applied(to input: Tensor) -> Tensor {
    precondition(
      input.columns == inputColumns && !steps.isEmpty,
      "PixelChain: \(steps.count) steps from \(inputColumns) channels for \(input.shape)")
    return withExtendedLifetime(held) {
      Tensor(shape: input.shape.dropLast() + [columns]) { y in
        input.withPointer {
          ck_pixel_chain(
            y, $0, Int64(input.rows), Int64(inputColumns), steps, Int32(steps.count))
        }
      }
    }
  }

  private mutating func next(_ kind: ck_step_kind, columns: Int) -> ck_chain_step {
    self.columns = columns
    var step = ck_chain_step()
    step.kind = kind
    step.columns = Int64(columns)
    return step
  }

  private mutating func pointer(to tensor: Tensor) -> UnsafePointer<Float> {
    held.append(tensor)
    return tensor.withPointer { $0 }
  }
}

extension Tensor {
  /// The gate of a depthwise convolution of these pictures, and the means of its places.
  ///
  /// Equal to ``Variable/convolved(weight:bias:stride:padding:groups:terms:addend:remakesOutput:)``,
  /// ``Variable/gated()`` and ``Variable/meanOverPositions()`` up to rounding, without the convolution's
  /// own output.
  /// **Shape**: `[batch, height, width, channels]` with a weight `[channels, 1, kernel, kernel]` →
  /// `[batch, outHeight, outWidth, channels / 2]` and `[batch, channels / 2]`.
  public func gatedDepthwise(
    weight: Tensor, bias: Tensor?, stride: Int, padding: Int
  ) -> (gated: Tensor, means: Tensor) {
    precondition(
      rank == 4 && weight.rank == 4 && columns % 2 == 0 && weight.shape[0] == columns
        && weight.shape[1] == 1,
      "gatedDepthwise: weight \(weight.shape) for \(shape)")
    let window = Window(weight.shape[2], weight.shape[3], stride: stride, padding: padding)
    var extent = window.shape(
      of: shape, outputChannels: columns, groups: columns, operation: "gatedDepthwise")
    var means = Tensor(uninitialized: [shape[0], columns / 2])
    let gated = Tensor(
      shape: [shape[0], Int(extent.output_height), Int(extent.output_width), columns / 2]
    ) { y in
      means.withMutablePointer { m in
        withPointer { x in
          weight.withPointer { w in
            withOptionalPointer(bias) { ck_depthwise_gated(y, m, x, w, $0, &extent) }
          }
        }
      }
    }
    return (gated, means)
  }
}
