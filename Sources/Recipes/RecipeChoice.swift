/// An enumeration a recipe names by its raw value.
public protocol RecipeChoice: RawRepresentable<String>, CaseIterable, Codable, Sendable, Hashable {}
