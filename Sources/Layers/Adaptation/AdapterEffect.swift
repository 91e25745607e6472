public import Gradients

/// What an adapter does at its site in one pass, as something added to what the base computes.
///
/// Effects of several adapters on one site add up, each times its strength, and none sees the others.
public enum AdapterEffect {
  /// Nothing.
  case none
  /// Thin factors, added inside the base's own product: the cheapest form in training.
  case lowRank([LowRankTerm])
  /// A change of the weight, of the weight's shape, for changes that are not thin.
  case weight(Variable)
  /// Anything else: from the base's product without its bias, and the input, to what is added.
  case output((_ product: Variable, _ input: Variable) -> Variable)
}

/// The numbers that an adapter trains at one site, and what they do there.
public protocol SiteAdapter: Module {
  /// What is added in this pass.
  ///
  /// - Parameters:
  ///   - site: the site's map, the part alone where there is one.
  ///   - weight: the base's weight of that map, a constant.
  ///   - input: what flows into the site.
  func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect

  /// The change of the weight that does the same, or `nil` where no single weight can.
  ///
  /// - Parameter weight: the base's own weight, `[outputs, …]`.
  func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable?

  /// A term for the loss that keeps the adapter's numbers in shape, or `nil`.
  func penalty(in context: ForwardContext) -> Variable?
}

extension SiteAdapter {
  /// No term.
  public func penalty(in context: ForwardContext) -> Variable? { nil }
}
