import Spelling

/// The dotted key a wrong one was most likely meant to be.
///
/// Looks at whole dotted keys first, then at keys whose last part is the last part of `name`, which
/// catches a right key in the wrong group.
func nearestKey(to name: String, among keys: [String]) -> String? {
  let leaf = lastPart(of: name)
  if let moved = keys.first(where: { lastPart(of: $0) == leaf }) { return moved }
  if let close = nearest(to: name, among: keys) { return close }
  guard let closeLeaf = nearest(to: leaf, among: keys.map(lastPart)) else { return nil }
  return keys.first { lastPart(of: $0) == closeLeaf }
}

private func lastPart(of key: String) -> String {
  key.split(separator: ".").last.map(String.init) ?? key
}
