public import Layers

/// Trains the biases and nothing else.
///
/// **Count**: the number of biases, those of normalisations included.
/// **Source**: E. Ben Zaken, S. Ravfogel, Y. Goldberg, "BitFit", 2022, arXiv 2106.10199.
public struct BitFit: ParameterSelection, Hashable {
  /// Name in the catalog.
  public static let name = "bitfit"
  /// One line for the list.
  public static let summary = "the biases alone, trained in full"

  /// There is nothing to set.
  public init() {}

  /// Biases of maps and of normalisations.
  public func tunes(_ parameter: TunableParameter) -> Bool {
    parameter.role == .bias
      || (parameter.role == .normalization && SitePattern.fits("bias", parameter.path))
  }
}

/// Trains scale and shift of the normalisations and nothing else.
///
/// **Count**: two numbers for each normalised channel.
/// **Source**: B. Zhao et al., "Tuning LayerNorm in Attention", 2024, arXiv 2312.11420.
public struct NormalizationTuning: ParameterSelection, Hashable {
  /// Name in the catalog; PEFT calls it LN_TUNING.
  public static let name = "lntuning"
  /// One line for the list.
  public static let summary = "scale and shift of the normalisations alone, trained in full"

  /// There is nothing to set.
  public init() {}

  /// Parameters of normalisations.
  public func tunes(_ parameter: TunableParameter) -> Bool { parameter.role == .normalization }
}

/// A method that trains some of the base's own parameters and adds nothing at sites.
public protocol ParameterSelection: AdapterMethod {}

extension ParameterSelection {
  /// There is nothing to set.
  public static var settings: [AdapterSetting] { [] }

  /// No site is changed.
  public func refusal(of site: SiteGeometry) -> String? {
    "the method trains parameters of the network and takes no sites"
  }

  /// Nothing is added.
  public func parameterCount(at site: SiteGeometry) -> Int { 0 }

  /// Never asked for, because every site is refused.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    throw .unsuitableSite(
      method: Self.name, site: site.path, reason: refusal(of: site.geometry) ?? "")
  }
}
