import Foundation

/// Which modules a description of PEFT adapts, and which it keeps whole, by PEFT's own rules.
struct PEFTTargets {
  private enum Names {
    case pattern(NSRegularExpression)
    case ends([String])
    case allLinear
  }

  private let targets: Names
  private let excluded: Names
  private let saved: [String]
  private let savedPatterns: [NSRegularExpression]
  /// Whether the layers are chosen by their numbers as well, by rules that differ between versions.
  let choosesLayers: Bool

  /// Reads the names of a description.
  init(_ configuration: PEFTConfiguration) throws(AdapterFileError) {
    guard configuration.has("target_modules") else {
      throw .malformed(
        path: configuration.path,
        reason: "it names no \"target_modules\", so nobody can tell whether the file is complete")
    }
    targets = try Self.names("target_modules", of: configuration)
    excluded = try Self.names("exclude_modules", of: configuration)
    saved = configuration.list("modules_to_save")
    var patterns: [NSRegularExpression] = []
    for name in saved {
      patterns.append(
        try configuration.expression("(^|.*\\.)\(name)($|\\..*)", of: "modules_to_save"))
    }
    savedPatterns = patterns
    choosesLayers = configuration.has("layers_to_transform")
  }

  private static func names(
    _ name: String, of configuration: PEFTConfiguration
  ) throws(AdapterFileError) -> Names {
    guard let text = configuration.text(name) else { return .ends(configuration.list(name)) }
    if text == "all-linear" { return .allLinear }
    return .pattern(try configuration.expression("(?:\(text))$", of: name))
  }

  /// Whether an adapter is put on a module.
  func adapts(_ module: String, isLinear: Bool) -> Bool {
    !Self.fit(excluded, module, isLinear) && !savedPatterns.contains { $0.fitsStart(of: module) }
      && Self.fit(targets, module, isLinear)
  }

  /// Whether a parameter belongs to a module that is kept whole: PEFT takes names as ends of paths,
  /// without a dot between.
  func saves(_ parameter: String) -> Bool {
    var module = Substring(parameter)
    while let dot = module.lastIndex(of: ".") {
      module = module[..<dot]
      if saved.contains(where: { module.hasSuffix($0) }) { return true }
    }
    return false
  }

  private static func fit(_ names: Names, _ module: String, _ isLinear: Bool) -> Bool {
    switch names {
    case .allLinear: isLinear
    case .pattern(let expression): expression.fitsStart(of: module)
    case .ends(let ends): ends.contains { module == $0 || module.hasSuffix("." + $0) }
    }
  }
}

extension NSRegularExpression {
  /// Whether the expression fits a text from its first letter on.
  func fitsStart(of text: String) -> Bool {
    firstMatch(in: text, options: .anchored, range: NSRange(text.startIndex..., in: text)) != nil
  }
}
