/// The outcome of going one frame on in a source.
enum FrameStep {
  /// A frame is there, with its time stamp in the source's time base.
  case frame(timestamp: Int64)
  /// Some input was read without a frame coming out; go on.
  case pending
  /// There are no more frames.
  case end
}
