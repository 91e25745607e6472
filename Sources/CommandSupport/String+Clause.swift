extension String {
  /// The sentences of a text as one, without a full stop at its end, to stand inside another sentence.
  ///
  /// What stands in “quotation marks” is a name and stays as it is.
  public var clause: String {
    var result = ""
    var depth = 0
    for character in self {
      switch character {
      case "“": depth += 1
      case "”": depth = max(0, depth - 1)
      case " " where depth == 0 && result.hasSuffix("."):
        result.removeLast()
        result.append(";")
      default: break
      }
      result.append(character)
    }
    return result.hasSuffix(".") ? String(result.dropLast()) : result
  }
}
