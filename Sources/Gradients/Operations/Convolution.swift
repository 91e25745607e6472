import CKernels
import Tensors

/// How a two-dimensional window moves over a picture.
public struct Window: Sendable, Hashable {
  /// Kernel rows and columns, in pixels.
  public var height, width: Int
  /// Step between windows, in pixels.
  public var stride: Int
  /// Pixels added on each side: zeros, or −∞ for maximum pooling.
  public var padding: Int

  /// Makes a window; a square one where `width` is left out.
  public init(_ height: Int, _ width: Int? = nil, stride: Int = 1, padding: Int = 0) {
    self.height = height
    self.width = width ?? height
    self.stride = stride
    self.padding = padding
  }

  func shape(
    of input: [Int], outputChannels: Int, groups: Int, operation: String
  ) -> ck_convolution_shape {
    precondition(input.count == 4, "Window: needs [batch, height, width, channels], got \(input)")
    let outputHeight = (input[1] + 2 * padding - height) / stride + 1
    let outputWidth = (input[2] + 2 * padding - width) / stride + 1
    precondition(
      input[1] + 2 * padding >= height && input[2] + 2 * padding >= width,
      "Window: \(height)×\(width) is larger than the padded input \(input)")
    requireLibrarySizes(
      [
        input[0] * input[1], input[0] * outputHeight * outputWidth, input[1] * input[2],
        height * width * (input[3] / max(groups, 1)), outputChannels,
      ], operation,
      "input \(input) with \(outputChannels) channels out and windows of \(height)×\(width)")
    return ck_convolution_shape(
      batch: Int64(input[0]), height: Int64(input[1]), width: Int64(input[2]),
      channels: Int64(input[3]), output_height: Int64(outputHeight),
      output_width: Int64(outputWidth), output_channels: Int64(outputChannels),
      kernel_height: Int64(height), kernel_width: Int64(width), stride: Int64(stride),
      padding: Int64(padding), groups: Int64(groups), method: Int64(ck_method_chosen.rawValue))
  }
}

extension ck_convolution_shape {
  fileprivate var output: [Int] {
    [Int(batch), Int(output_height), Int(output_width), Int(output_channels)]
  }
}

extension Variable {
  /// Two-dimensional convolution (cross-correlation), zero-padded, with low-rank `terms` and `addend`
  /// added to it.
  ///
  /// With `remakesOutput` the backward pass computes the output again where it needs it, instead of
  /// keeping it; not with terms or an addend.
  /// **Shape**: `[batch, height, width, in]` with a weight `[out, in / groups, kernelHeight,
  /// kernelWidth]` and a bias `[out]` → `[batch, outHeight, outWidth, out]`, the shape of `addend`.
  public func convolved(
    weight: Variable, bias: Variable? = nil, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    terms: [LowRankTerm] = [], addend: Variable? = nil, remakesOutput: Bool = false
  ) -> Variable {
    precondition(
      weight.shape.count == 4 && shape.count == 4 && shape[3] % groups == 0
        && weight.shape[0] % groups == 0 && weight.shape[1] == shape[3] / groups,
      "convolved: input \(shape) does not fit weight \(weight.shape) in \(groups) groups")
    let window = Window(weight.shape[2], weight.shape[3], stride: stride, padding: padding)
    let extent = window.shape(
      of: shape, outputChannels: weight.shape[0], groups: groups, operation: "convolved")
    precondition(
      addend.map { $0.shape == extent.output } ?? true,
      "convolved: addend \(addend?.shape ?? []) for an output of \(extent.output)")
    let inner = terms.map {
      $0.inner(
        of: self, outputs: weight.shape[0], stride: stride, padding: padding, groups: groups)
    }
    let (weightPlace, weightValue, biasValue) = (weight.place, weight.value, bias?.value)
    func output(of input: Tensor, addend: Tensor?) -> Tensor {
      var extent = extent
      return Tensor(shape: extent.output) { y in
        input.withPointer { x in
          weightValue.withPointer { w in
            withOptionalPointer(biasValue) { b in
              withOptionalPointer(addend) { ck_convolution_added(y, x, w, b, $0, &extent) }
            }
          }
        }
      }
    }
    var result = output(of: value, addend: addend?.value)
    for term in inner { term.add(to: &result, rows: result.rows, columns: result.columns) }
    let kept = kept
    let keptInput = weight.isTracked ? kept : nil
    let (biasPlace, addendPlace) = (bias?.place, addend?.place)
    let input = place
    let sources =
      [self, weight] + [bias, addend].compactMap(\.self) + terms.flatMap(\.sources)
    let recorded = record(
      result, from: sources,
      as: terms.isEmpty && addend == nil
        ? .convolution(stride: stride, padding: padding, groups: groups, hasBias: bias != nil) : nil
    ) { gradient, tape in
      var extent = extent
      var noInput: Tensor?
      if let addendPlace { tape.accumulate(gradient, into: addendPlace) }
      backpropagate(
        gradient, through: inner, rows: gradient.rows, columns: gradient.columns, input: { nil },
        into: &noInput, on: tape)
      if let biasPlace, biasPlace.isTracked {
        let biasGradient = Tensor(shape: biasPlace.shape) { target in
          gradient.withPointer {
            ck_sum_rows(target, $0, Int64(gradient.rows), Int64(gradient.columns), false)
          }
        }
        tape.accumulate(biasGradient, into: biasPlace)
      }
      if let keptInput {
        let value = keptInput()
        let weightGradient = Tensor(shape: weightPlace.shape) { dw in
          gradient.withPointer { dy in
            value.withPointer { ck_convolution_weight_gradient(dw, dy, $0, &extent) }
          }
        }
        tape.accumulate(weightGradient, into: weightPlace)
      }
      if input.isTracked {
        let inputGradient = Tensor(shape: input.shape) { dx in
          gradient.withPointer { dy in
            weightValue.withPointer { ck_convolution_input_gradient(dx, dy, $0, &extent) }
          }
        }
        tape.accumulate(inputGradient, into: input)
      }
    }
    guard remakesOutput, terms.isEmpty, addend == nil else { return recorded }
    return recorded.rebuilt { output(of: kept(), addend: nil) }
  }

  /// Largest value of each window; padding counts as −∞.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch, outHeight, outWidth, channels]`.
  public func maximumPooled(_ window: Window) -> Variable {
    var extent = window.shape(
      of: shape, outputChannels: shape[3], groups: shape[3], operation: "maximumPooled")
    // Positions are 32-bit numbers in a float buffer, which comes from the pool.
    var positions = Tensor(uninitialized: extent.output)
    let count = positions.count
    let result = Tensor(shape: extent.output) { y in
      positions.withMutablePointer { p in
        p.withMemoryRebound(to: Int32.self, capacity: count) { places in
          value.withPointer { ck_max_pool(y, places, $0, &extent) }
        }
      }
    }
    let (keptExtent, keptPositions) = (extent, positions)
    let input = place
    return record(result, from: [self], as: .maximumPooling(window)) { gradient, tape in
      var extent = keptExtent
      let inputGradient = Tensor(shape: input.shape) { dx in
        keptPositions.withPointer { p in
          p.withMemoryRebound(to: Int32.self, capacity: count) { places in
            gradient.withPointer { ck_max_pool_backward(dx, $0, places, &extent) }
          }
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }

  /// Mean of each window; padded zeros count.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch, outHeight, outWidth, channels]`.
  public func averagePooled(_ window: Window) -> Variable {
    var extent = window.shape(
      of: shape, outputChannels: shape[3], groups: shape[3], operation: "averagePooled")
    let result = Tensor(shape: extent.output) { y in
      value.withPointer { ck_average_pool(y, $0, &extent) }
    }
    let keptExtent = extent
    let input = place
    return record(result, from: [self], as: .averagePooling(window)) { gradient, tape in
      var extent = keptExtent
      let inputGradient = Tensor(shape: input.shape) { dx in
        gradient.withPointer { ck_average_pool_backward(dx, $0, &extent) }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}

/// Passes the elements of a tensor, or a null pointer.
func withOptionalPointer<Result>(
  _ tensor: Tensor?, _ body: (UnsafePointer<Float>?) -> Result
) -> Result {
  tensor.map { $0.withPointer { body($0) } } ?? body(nil)
}
