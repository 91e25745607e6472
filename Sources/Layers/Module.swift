import Tensors

/// A part of a network: a class whose stored properties are parameters, buffers, other modules, or
/// arrays and optionals of them.
///
/// The parameter tree is found by walking the stored properties in order, so a path such as
/// `blocks.3.attn.qkv.weight` is the list of property names, or of the names given by ``Key``.
public protocol Module: AnyObject {}

/// Stores a child under another name in the parameter tree, for example that of a published checkpoint.
@propertyWrapper
public struct Key<Value> {
  private var stored: Value?
  let name: String

  /// Names a child that the initializer sets.
  public init(_ name: String) {
    self.name = name
  }

  /// The child itself.
  public var wrappedValue: Value {
    get {
      guard let stored else {
        preconditionFailure("Key: child '\(name)' was read before it was set")
      }
      return stored
    }
    set { stored = newValue }
  }
}

private protocol NamedChild {
  var childName: String { get }
  var child: Any { get }
}

extension Key: NamedChild {
  var childName: String { name }
  var child: Any { wrappedValue }
}

extension Module {
  /// Every parameter with its path, in the order of declaration.
  public var parameters: [(path: String, parameter: Parameter)] {
    var found: [(String, Parameter)] = []
    visit(self, path: "") { path, leaf in
      if let parameter = leaf as? Parameter { found.append((path, parameter)) }
    }
    return found
  }

  /// Every buffer with its path, in the order of declaration.
  public var buffers: [(path: String, buffer: Buffer)] {
    var found: [(String, Buffer)] = []
    visit(self, path: "") { path, leaf in
      if let buffer = leaf as? Buffer { found.append((path, buffer)) }
    }
    return found
  }

  /// Every module below this one with its path, parents before their parts; this one has the path "".
  public var modules: [(path: String, module: any Module)] {
    var found: [(String, any Module)] = []
    visit(self, path: "") { path, node in
      if let module = node as? any Module { found.append((path, module)) }
    }
    return found
  }

  /// Number of elements of all parameters, or of the trainable ones.
  public func parameterCount(trainableOnly: Bool = false) -> Int {
    parameters.reduce(0) {
      $0 + (trainableOnly && !$1.parameter.isTrainable ? 0 : $1.parameter.value.count)
    }
  }

  /// Sets whether every parameter is trained.
  public func setTrainable(_ isTrainable: Bool) {
    for (_, parameter) in parameters { parameter.isTrainable = isTrainable }
  }
}

private func visit(_ value: Any, path: String, _ report: (String, AnyObject) -> Void) {
  if let named = value as? any NamedChild {
    visit(named.child, path: path, report)
    return
  }
  if let leaf = value as? Parameter { return report(path, leaf) }
  if let leaf = value as? Buffer { return report(path, leaf) }
  let mirror = Mirror(reflecting: value)
  switch mirror.displayStyle {
  case .optional:
    if let child = mirror.children.first { visit(child.value, path: path, report) }
  case .collection:
    for (index, child) in mirror.children.enumerated() {
      visit(child.value, path: joined(path, String(index)), report)
    }
  case .class where value is any Module:
    report(path, value as AnyObject)
    for child in mirror.children {
      guard let label = child.label else { continue }
      let name = (child.value as? any NamedChild)?.childName ?? label
      visit(child.value, path: joined(path, name), report)
    }
  default:
    return
  }
}

private func joined(_ path: String, _ name: String) -> String {
  if name.isEmpty { return path }
  return path.isEmpty ? name : path + "." + name
}
