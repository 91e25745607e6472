import Foundation
import Spelling

/// Every adapter method that can be asked for by name; a new one is one file and one line here.
public enum AdapterCatalog {
  /// All methods, in the order in which they are listed.
  public static let all: [any AdapterMethod.Type] = [
    LoRA.self,
    DoRA.self,
    PiSSA.self,
    VeRA.self,
    LoHa.self,
    LoKr.self,
    AdaLoRA.self,
    SoRA.self,
    CoLoRA.self,
    PETALface.self,
    WaRA.self,
    BitFit.self,
    NormalizationTuning.self,
  ]

  /// The method of a name.
  public static func type(named name: String) throws(AdapterError) -> any AdapterMethod.Type {
    if let found = all.first(where: { $0.name == name }) { return found }
    let known = all.map { $0.name }
    throw .unknownMethod(name: name, nearest: nearest(to: name, among: known), known: known)
  }

  /// The method of a name with some settings changed, as typed: `["rank": "4", "dropout": "0.1"]`.
  ///
  /// - Throws: `AdapterError.unknownMethod`; `.foreignSetting` for a setting that only other methods have,
  ///   `.unknownSetting` for one that none has, `.invalidSetting` for a value that does not fit.
  public static func method(
    named name: String, settings: [String: String] = [:]
  ) throws(AdapterError) -> any AdapterMethod {
    let type = try type(named: name)
    let made = try changed(type, settings)
    try made.validate()
    return made
  }

  /// The settings of all methods as a Markdown table, with their defaults.
  public static func settingTable() -> String {
    var lines = ["| adapter | key | default | takes | meaning |", "|---|---|---|---|---|"]
    for type in all {
      for (setting, text) in type.init().settingTexts {
        lines.append(
          "| `\(type.name)` | `adapter.\(setting.name)` | \(text) | \(setting.allowed) | "
            + "\(setting.meaning) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The defaults with some values replaced.
  private static func changed<Method: AdapterMethod>(
    _ type: Method.Type, _ texts: [String: String]
  ) throws(AdapterError) -> Method {
    guard !texts.isEmpty else { return Method() }
    var values = Method().settingValues
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      guard let setting = Method.settings.first(where: { $0.name == name }) else {
        throw unknown(name, of: type)
      }
      guard let value = setting.value(of: text) else {
        throw .invalidSetting(
          method: Method.name, setting: name,
          reason: "cannot be \"\(text)\"; it takes \(setting.allowed)")
      }
      if let reason = setting.refusal(of: value) {
        throw .invalidSetting(method: Method.name, setting: name, reason: reason)
      }
      values[name] = value
    }
    guard let data = try? JSONSerialization.data(withJSONObject: values),
      let made = try? JSONDecoder().decode(Method.self, from: data)
    else {
      preconditionFailure(
        "\(Method.name): settings and stored properties disagree: \(values)")
    }
    return made
  }

  /// Why a method has no setting of a name.
  private static func unknown(_ name: String, of type: any AdapterMethod.Type) -> AdapterError {
    let known = type.settings.map(\.name)
    let owners = all.filter { $0.settings.contains { $0.name == name } }.map { $0.name }
    return owners.isEmpty
      ? .unknownSetting(
        method: type.name, setting: name, nearest: nearest(to: name, among: known), known: known)
      : .foreignSetting(method: type.name, setting: name, owners: owners, known: known)
  }
}
