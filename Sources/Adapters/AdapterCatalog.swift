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
  public static func method(
    named name: String, settings: [String: String] = [:]
  ) throws(AdapterError) -> any AdapterMethod {
    let type = try type(named: name)
    let made = try changed(type, settings)
    try made.validate()
    return made
  }

  /// Names of a method's settings, in order.
  public static func settings(of type: any AdapterMethod.Type) -> [String] {
    fields(of: type.init()).keys.sorted()
  }

  /// The defaults with some values replaced.
  ///
  /// A text that is a JSON value is taken as such, anything else as text: `4`, `true`, `q`.
  private static func changed<Method: AdapterMethod>(
    _ type: Method.Type, _ settings: [String: String]
  ) throws(AdapterError) -> Method {
    guard !settings.isEmpty else { return Method() }
    var values = fields(of: Method())
    let known = values.keys.sorted()
    for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
      guard known.contains(name) else {
        throw .unknownSetting(
          method: Method.name, setting: name, nearest: nearest(to: name, among: known),
          known: known)
      }
      values[name] =
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed))
        ?? text
      // One setting at a time, so that the error can name it.
      guard let data = try? JSONSerialization.data(withJSONObject: values),
        (try? JSONDecoder().decode(Method.self, from: data)) != nil
      else {
        throw .invalidSetting(
          method: Method.name, setting: name, reason: "cannot be \"\(text)\"")
      }
    }
    guard let data = try? JSONSerialization.data(withJSONObject: values),
      let made = try? JSONDecoder().decode(Method.self, from: data)
    else { return Method() }
    return made
  }

  private static func fields(of method: some AdapterMethod) -> [String: Any] {
    guard let data = try? JSONEncoder().encode(method),
      let object = try? JSONSerialization.jsonObject(with: data)
    else { return [:] }
    return object as? [String: Any] ?? [:]
  }
}
