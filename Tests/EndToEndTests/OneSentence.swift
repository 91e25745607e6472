/// Whether a text is one sentence: one line, and no sentence ends before its end.
///
/// What stands in “quotation marks” is a name and may hold anything.
func isOneSentence(_ text: String) -> Bool {
  var depth = 0
  var isAfterEnd = false
  for character in text {
    if character.isNewline { return false }
    switch character {
    case "“": depth += 1
    case "”": depth = max(0, depth - 1)
    case " " where isAfterEnd && depth == 0: return false
    default: break
    }
    isAfterEnd = depth == 0 && [".", "!", "?"].contains(character)
  }
  return !text.isEmpty && !text.hasSuffix(" ")
}
