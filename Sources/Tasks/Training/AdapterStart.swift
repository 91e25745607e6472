public import Adapters

/// How the adapter of a task comes about.
public enum AdapterStart: Sendable {
  /// From the recipe alone.
  case recipe
  /// From a plan that was made before, such as that of the run to continue.
  case plan(AdapterPlan)
  /// There is none: everything is trained for a while, to measure what each tensor contributes.
  case probe

  /// Whether everything is trained to measure.
  var isProbe: Bool {
    if case .probe = self { return true }
    return false
  }
}
