import CKernels
public import Tensors

/// How a map is rolled and cut into windows.
public struct WindowLayout: Sendable, Hashable {
  /// Cells of the map.
  public let height, width: Int
  /// Cells of a window, row by row.
  public let tokens: Int
  /// Windows of a map.
  public let count: Int
  /// For every cell of every window its place on the map, −1 for a cell that fills up.
  let sources: [Int32]
  /// For every cell of the map its place in the windows.
  let targets: [Int32]
  private let shift: [Int]
  private let window: [Int]

  /// Makes the layout of a map that is first rolled by `shift` cells up and to the left.
  public init(
    height: Int, width: Int, window: (height: Int, width: Int),
    shift: (height: Int, width: Int) = (0, 0)
  ) {
    precondition(
      window.height > 0 && window.width > 0 && height > 0 && width > 0
        && (0..<window.height).contains(shift.height) && (0..<window.width).contains(shift.width),
      "WindowLayout: windows \(window) with shift \(shift) on a map of \(height)×\(width)")
    self.height = height
    self.width = width
    self.window = [window.height, window.width]
    self.shift = [shift.height, shift.width]
    tokens = window.height * window.width
    let rows = (height + window.height - 1) / window.height
    let columns = (width + window.width - 1) / window.width
    count = rows * columns
    var sources: [Int32] = []
    sources.reserveCapacity(count * tokens)
    var targets = [Int32](repeating: -1, count: height * width)
    for place in 0..<(count * tokens) {
      let (index, cell) = place.quotientAndRemainder(dividingBy: tokens)
      let y = index / columns * window.height + cell / window.width
      let x = index % columns * window.width + cell % window.width
      guard y < height, x < width else {
        sources.append(-1)
        continue
      }
      let source = (y + shift.height) % height * width + (x + shift.width) % width
      sources.append(Int32(source))
      targets[source] = Int32(place)
    }
    self.sources = sources
    self.targets = targets
  }

  /// −100 where two cells of a window come from opposite ends of the map, else 0; nil without a shift.
  ///
  /// **Shape**: `[count, tokens, tokens]`.
  public var masks: Tensor? {
    guard shift != [0, 0] else { return nil }
    // The rolled map falls into up to 3×3 regions; only cells of one region were neighbours before.
    func region(_ place: Int, _ axis: Int, _ extent: Int) -> Int {
      let filled = (extent + window[axis] - 1) / window[axis] * window[axis]
      guard shift[axis] > 0 else { return 0 }
      return place < filled - window[axis] ? 0 : place < filled - shift[axis] ? 1 : 2
    }
    let columns = (width + window[1] - 1) / window[1]
    let labels = (0..<(count * tokens)).map { place in
      let (index, cell) = place.quotientAndRemainder(dividingBy: tokens)
      let y = index / columns * window[0] + cell / window[1]
      let x = index % columns * window[1] + cell % window[1]
      return region(y, 0, height) * 3 + region(x, 1, width)
    }
    return Tensor(shape: [count, tokens, tokens]) { target in
      for index in 0..<count {
        for a in 0..<tokens {
          for b in 0..<tokens {
            let isApart = labels[index * tokens + a] != labels[index * tokens + b]
            target[(index * tokens + a) * tokens + b] = isApart ? -100 : 0
          }
        }
      }
    }
  }
}

/// Rows of each picture by index, a row of zeros where the index is negative.
private func gatheredRows(
  of x: Tensor, batch: Int, _ indices: [Int32], shape: [Int]
) -> Tensor {
  let (channels, rows) = (x.columns, x.rows / max(batch, 1))
  let hasGaps = indices.contains { $0 < 0 }
  return Tensor(shape: shape) { target in
    x.withPointer { source in
      for picture in 0..<batch {
        let from = source + picture * rows * channels
        let to = target + picture * indices.count * channels
        guard hasGaps else {
          ck_gather_rows(to, from, indices, Int64(indices.count), Int64(channels))
          continue
        }
        for (row, index) in indices.enumerated() {
          let line = to + row * channels
          if index < 0 {
            line.update(repeating: 0, count: channels)
          } else {
            line.update(from: from + Int(index) * channels, count: channels)
          }
        }
      }
    }
  }
}

extension Variable {
  /// Cuts maps into windows, windows row by row.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch · windows, tokens, channels]`.
  public func windows(_ layout: WindowLayout) -> Variable {
    precondition(
      shape.count == 4 && shape[1] == layout.height && shape[2] == layout.width,
      "windows: a layout of \(layout.height)×\(layout.width) for \(shape)")
    let batch = shape[0]
    let result = gatheredRows(
      of: value, batch: batch, layout.sources,
      shape: [batch * layout.count, layout.tokens, shape[3]])
    let input = place
    return record(
      result, from: [self], as: .rowsByPicture(layout.sources, rows: layout.height * layout.width)
    ) { gradient, tape in
      tape.accumulate(
        gatheredRows(of: gradient, batch: batch, layout.targets, shape: input.shape), into: input)
    }
  }

  /// The inverse of ``windows(_:)``; what filled the map up is left out.
  ///
  /// **Shape**: `[batch · windows, tokens, channels]` → `[batch, height, width, channels]`.
  public func joinedWindows(_ layout: WindowLayout) -> Variable {
    precondition(
      shape.count == 3 && shape[0] % layout.count == 0 && shape[1] == layout.tokens,
      "joinedWindows: \(layout.count) windows of \(layout.tokens) tokens for \(shape)")
    let batch = shape[0] / layout.count
    let result = gatheredRows(
      of: value, batch: batch, layout.targets,
      shape: [batch, layout.height, layout.width, shape[2]])
    let input = place
    return record(
      result, from: [self], as: .rowsByPicture(layout.targets, rows: layout.count * layout.tokens)
    ) { gradient, tape in
      tape.accumulate(
        gatheredRows(of: gradient, batch: batch, layout.sources, shape: input.shape), into: input)
    }
  }

  /// Adds each of several masks to a copy of attention offsets.
  ///
  /// **Shape**: `[1, heads, tokens, tokens]` with masks `[count, tokens, tokens]` → `[count, heads,
  /// tokens, tokens]`; the gradient is the sum over the masks.
  public func addingMasks(_ masks: Tensor) -> Variable {
    precondition(
      shape.count == 4 && masks.rank == 3 && shape[0] == 1 && masks.shape[1] == shape[2]
        && masks.shape[2] == shape[3], "addingMasks: masks \(masks.shape) for \(shape)")
    let (count, heads, square) = (masks.shape[0], shape[1], shape[2] * shape[3])
    let result = Tensor(shape: [count, heads, shape[2], shape[3]]) { target in
      value.withPointer { offsets in
        masks.withPointer { mask in
          for index in 0..<(count * heads) {
            ck_add(
              target + index * square, offsets + index % heads * square,
              mask + index / heads * square, Int64(square))
          }
        }
      }
    }
    let input = place
    return record(result, from: [self]) { gradient, tape in
      let inputGradient = Tensor(shape: input.shape) { target in
        gradient.withPointer {
          ck_sum_rows(target, $0, Int64(count), Int64(heads * square), false)
        }
      }
      tape.accumulate(inputGradient, into: input)
    }
  }
}
