/// The values a recipe key takes; its description completes the sentence "takes …".
public enum RecipeExpectation: Sendable, Hashable, CustomStringConvertible {
  /// A whole number within a range.
  case integer(ClosedRange<Int>)
  /// A number within a range.
  case number(ClosedRange<Double>)
  /// True or false.
  case flag
  /// One of a list of names.
  case choice([String])
  /// A name that another part of the program checks.
  case name

  /// The phrase used in error messages and in the key table.
  public var description: String {
    switch self {
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number of at least \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      "a number from \(yamlNumber(range.lowerBound)) to \(yamlNumber(range.upperBound))"
    case .flag: "true or false"
    case .choice(let names): "one of " + names.joined(separator: ", ")
    case .name: "a name"
    }
  }

  /// The short form used in the comments of a written recipe.
  var comment: String {
    switch self {
    case .integer(let range):
      range.upperBound == .max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound)...\(range.upperBound)"
    case .number(let range): "\(yamlNumber(range.lowerBound))...\(yamlNumber(range.upperBound))"
    case .flag: "true | false"
    case .choice(let names): names.joined(separator: " | ")
    case .name: "name"
    }
  }
}

/// Why a value was not stored.
enum RecipeMismatch: Sendable {
  /// The text is not of the kind the key takes.
  case wrongType
  /// The text is of the right kind, but not an allowed value.
  case outOfRange
}

/// A number as YAML of any reader takes it: whole numbers without a point, exponents with one.
func yamlNumber(_ value: Double) -> String {
  if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
  let text = "\(value)"
  guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
  return text[..<exponent] + ".0" + text[exponent...]
}

/// A name as YAML: plain where no reader can mistake it, otherwise in double quotes.
func yamlText(_ text: String) -> String {
  let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
  let plain = text.unicodeScalars.allSatisfy { scalar in
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || "_-./".unicodeScalars.contains(scalar)
  }
  if plain, let first = text.first, first.isLetter, !reserved.contains(text.lowercased()) {
    return text
  }
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\t": quoted += "\\t"
    default:
      if scalar.value < 0x20 || scalar.value == 0x7f {
        let digits = String(scalar.value, radix: 16)
        quoted += "\\x" + (digits.count == 1 ? "0" : "") + digits
      } else {
        quoted.unicodeScalars.append(scalar)
      }
    }
  }
  return quoted + "\""
}
