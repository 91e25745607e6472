public import Reports
public import Training

extension RunLog {
  /// Tells what became of a model's tensors and how pictures are prepared for it: a line for everyone, and
  /// the names for those who ask.
  public func tell(_ opened: LoadNotice) {
    notice(opened.summary)
    for line in opened.details { detail(line) }
  }
}
