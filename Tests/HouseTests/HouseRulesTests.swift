import Testing

/// The checks themselves, on small examples: a check that finds nothing must not pass for good.
@Suite struct HouseRulesTests {
  @Test func `reads every kind of target`() {
    let manifest = Manifest(
      text: """
        func room(_ name: String) {}
        let package = Package(
          targets: [
            // room("Commented", ["Out"]),
            .systemLibrary(
              name: "CLib", path: "Sources/System/CLib", providers: [.apt(["lib-dev"])]),
            .target(name: "CCode", dependencies: ["CLib"], path: "Sources/System/CCode"),
            room("A"),
            room("B", ["A", .product(name: "Yams", package: "yams-package")]),
            command("go", ["B", argumentParser]),
            tests("B", ["B"], resources: [.copy("Goldens")]),
            tests("None", [], resources: [.copy("Goldens")]),
          ]
        )
        """)
    #expect(
      manifest.targets.map(\.name).sorted()
        == ["A", "B", "BTests", "CCode", "CLib", "NoneTests", "go"])
    #expect(manifest["A"]?.dependencies == [])
    #expect(manifest["B"]?.dependencies == ["A", "Yams"])
    #expect(manifest["go"]?.dependencies == ["B", "ArgumentParser"])
    #expect(manifest["go"]?.path == "Sources/Commands/go")
    #expect(manifest["BTests"]?.dependencies == ["B"])
    #expect(manifest["NoneTests"]?.dependencies == [])
    #expect(manifest["CLib"]?.dependencies == [])
    #expect(manifest["CCode"]?.dependencies == ["CLib"])
    #expect(manifest["CCode"]?.path == "Sources/System/CCode")
  }

  @Test func `reads every kind of import`() {
    let text = """
      import Foundation
      public import Tensors
      @testable import Images
      @_exported public import Layers
        internal import struct Losses.Loss
      import class Frames.Reader
      // import Commented
      let important = "import Quoted"
      """
    let file = SourceFile(path: "x.swift", lines: text.split(separator: "\n"))
    #expect(file.imports == ["Foundation", "Tensors", "Images", "Layers", "Losses", "Frames"])
  }
}
