public import Tensors

/// What an operation did to its inputs, for programs that write a network down instead of running it.
///
/// Shapes stand beside it in ``TracedStep``; tensors are channels-last as everywhere here.
public enum TracedOperation: Sendable {
  /// Element-wise, two inputs of one shape.
  case sum, difference, product
  /// Every element times a number.
  case scaling(Float)
  /// A row over the last axis: the second input.
  case addedRow, multipliedRow
  /// One row for each picture: the second input.
  case multipliedPerPicture
  /// Element-wise, one input.
  case rectification, gaussianErrorLinear, sigmoid, exponential, logarithm, squareRoot, absolute
  /// Slopes of negative values by channel: the second input.
  case parametricRectification
  /// Values cut to a range.
  case clipping(ClosedRange<Float>)
  /// Along the last axis.
  case softmax, logSoftmax, sumAlongLastAxis, l2Normalization
  /// Over all axes between the first and the last.
  case meanOverPositions
  /// Inputs: queries, keys and values in one, and offsets of the scores where there are any.
  case attention(heads: Int, scale: Float, hasBias: Bool)
  /// Inputs: pictures, weight, and bias where there is one.
  case convolution(stride: Int, padding: Int, groups: Int, hasBias: Bool)
  /// Pooling.
  case maximumPooling(Window), averagePooling(Window)
  /// Means of windows around each pixel, the outer ones repeated at the border.
  case localMean(height: Int, width: Int)
  /// Inputs: values, weight, bias.
  case linear(Activation)
  /// Product of the last two axes.
  case matrixProduct(transposingSelf: Bool, transposingOther: Bool)
  /// Another shape.
  case reshape
  /// Axes in another order.
  case permutation([Int])
  /// A part of one axis.
  case slice(Range<Int>, axis: Int)
  /// Inputs joined along one axis.
  case concatenation(axis: Int)
  /// Rows of the first axis.
  case gathering([Int])
  /// A new first axis.
  case repetition(Int)
  /// The rows of each picture, seen as `[batch, rows, channels]`, by index; −1 is a row of zeros.
  case rowsByPicture([Int32], rows: Int)
  /// Square patches, flattened in (channel, row, column) order.
  case patches(Int)
  /// Borders in pixels.
  case padding(top: Int, bottom: Int, left: Int, right: Int, mode: BorderMode)
  /// First half of the channels times the second.
  case gate
  /// Inputs: values, scale, shift.
  case layerNormalization(epsilon: Float)
  /// Inputs: values, scale.
  case deviationNormalization(epsilon: Float)
  /// Inputs: values, scale, shift, and a residual where there is one.
  case channelNormalization(
    epsilon: Float, groups: Int, fixed: ChannelStatistics?, hasResidual: Bool, isRectified: Bool)
}

/// One operation of a traced pass.
public struct TracedStep: Sendable {
  /// An input of an operation.
  public enum Input: Sendable {
    /// What an earlier step, or the traced picture, gave: its place in the trace.
    case step(Int)
    /// A value that does not depend on the pictures.
    case constant(Tensor)
  }

  /// What was done; `nil` for an operation that has no description.
  public let operation: TracedOperation?
  /// Name of the function, for messages.
  public let function: String
  /// Inputs in order.
  public let inputs: [Input]
  /// Shapes of the inputs.
  public let inputShapes: [[Int]]
  /// Place of the result.
  public let output: Int
  /// Shape of the result.
  public let shape: [Int]
}
