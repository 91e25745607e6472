// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target.
///
/// Continuous integration sets `CI`, which turns warnings into errors.
let strict: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// One Swift library room of the house, in `Sources/<name>`.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// One command, in `Sources/Commands/<name>`.
func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/Commands/\(name)",
    swiftSettings: strict)
}

/// The tests of one room, in `Tests/<name>Tests`.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

// A target may import only what is listed here; Tests/HouseTests holds the picture of style and levels.
let package = Package(
  name: "swift-vision",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "vision-pretrain", targets: ["vision-pretrain"]),
    .executable(name: "vision-finetune", targets: ["vision-finetune"]),
    .executable(name: "vision-restore", targets: ["vision-restore"]),
    .executable(name: "vision-evaluate", targets: ["vision-evaluate"]),
    .executable(name: "vision-export", targets: ["vision-export"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // 0 System: C libraries of the operating system and the small C code that reaches the hardware.
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/System/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CLibJPEG", path: "Sources/System/CLibJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg62-turbo-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CLibPNG", path: "Sources/System/CLibPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CLibAV", path: "Sources/System/CLibAV",
      pkgConfig: "libavformat libavcodec libswscale libavutil",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libswscale-dev", "libavutil-dev"]),
        .brew(["ffmpeg"]),
      ]),
    .target(name: "CKernels", dependencies: ["COpenBLAS"], path: "Sources/System/CKernels"),
    .target(
      name: "CImageCodecs", dependencies: ["CLibJPEG", "CLibPNG"],
      path: "Sources/System/CImageCodecs"),
    .target(name: "CMedia", dependencies: ["CLibAV"], path: "Sources/System/CMedia"),
    .target(name: "CVision", path: "Sources/System/CVision"),
    .target(name: "CMatching", path: "Sources/System/CMatching"),
    .target(name: "CMetrics", path: "Sources/System/CMetrics"),

    // 1 Float32 tensors, random streams, and the thread pool · names: the nearest known one to a wrong
    // one, their order, their form in tables · queues between threads.
    room("Tensors", ["CKernels"]),
    room("Spelling"),
    room("Pipelines"),

    // 2 Reverse-mode gradients · images · assignment solver and pair miner.
    room("Gradients", ["Tensors", "CKernels"]),
    room("Images", ["CImageCodecs", "CMedia"]),
    room("Matching", ["CMatching"]),

    // 3 Layers · losses · video frames · persons in frames · data sets · scores.
    room("Layers", ["Gradients", "Tensors"]),
    room("Losses", ["Gradients", "Tensors"]),
    room("Frames", ["Images", "Pipelines", "Spelling", "CMedia"]),
    room("Persons", ["Images", "CVision"]),
    room("Datasets", ["Images", "Spelling"]),
    room("Metrics", ["Images", "CMetrics", "CKernels"]),

    // 4 Typed recipes · optimizers · adapters of frozen networks · backbones · weight files.
    room("Recipes", ["Spelling", .product(name: "Yams", package: "Yams")]),
    room("Optimizers", ["Layers", "Tensors", "CKernels"]),
    room("Backbones", ["Layers", "Gradients", "Tensors"]),
    room(
      "Storage",
      [
        "Layers", "Gradients", "Tensors",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    room("Adapters", ["Layers", "Gradients", "Tensors", "Spelling"]),

    // 5 The training loop, checkpoints, resume · adapters in files, those of PEFT included · varied
    // pictures as network input · how good pictures are.
    room(
      "Training",
      [
        "Optimizers", "Backbones", "Storage", "Layers", "Gradients", "Tensors", "Pipelines",
        "Spelling",
      ]),
    room("Batches", ["Backbones", "Recipes", "Images", "Tensors", "CKernels"]),

    room("Quality", ["Optimizers", "Storage", "Layers", "Gradients", "Tensors", "Images"]),
    room("AdapterFiles", ["Adapters", "Storage", "Layers", "Gradients", "Tensors"]),

    // 6 Pictures and logs · the pretraining objectives · the supervised tasks.
    room(
      "Reports",
      ["Images", "Spelling", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    room(
      "Pretraining",
      [
        "Training", "Optimizers", "Backbones", "Losses", "Layers", "Gradients", "Tensors",
        "Matching", "Frames", "Persons", "Datasets", "Images", "Storage", "Recipes", "Batches",
        "Metrics", "Spelling",
      ]),
    room(
      "Tasks",
      [
        "Batches", "Training", "Optimizers", "Adapters", "AdapterFiles", "Quality", "Backbones",
        "Losses", "Layers", "Gradients", "Tensors", "Datasets", "Images", "Storage", "Recipes",
        "Metrics",
      ]),

    // 7 Features of pictures, scores of persons against a gallery, their tables and pictures.
    room(
      "Evaluation",
      [
        "Tasks", "Pretraining", "Batches", "Reports", "Training", "Adapters", "AdapterFiles",
        "Quality", "Storage", "Backbones", "Layers", "Gradients", "Tensors", "Datasets", "Metrics",
        "Images", "Spelling",
      ]),

    // 8 Commands.
    room(
      "CommandSupport",
      [
        "Recipes", "Reports", "Training", "Tensors", "Datasets", "Images", "Metrics", "Storage",
        "Adapters", "AdapterFiles", "Quality", "Tasks", "Evaluation", argumentParser,
      ]),
    command(
      "vision-pretrain",
      [
        "CommandSupport", "Pretraining", "Recipes", "Reports", "Training", "Storage", "Backbones",
        "Layers", "Datasets", "Frames", "Persons", "Matching", "Metrics", "Images", "Tensors",
        argumentParser,
      ]),
    command(
      "vision-finetune",
      [
        "CommandSupport", "Tasks", "Evaluation", "Batches", "Adapters", "Quality",
        "Recipes", "Reports", "Training", "Storage", "Backbones", "Layers", "Datasets", "Metrics",
        "Images",
        "Tensors", argumentParser,
      ]),
    command(
      "vision-restore",
      [
        "CommandSupport", "Tasks", "AdapterFiles", "Recipes", "Reports", "Training", "Datasets",
        "Images", "Tensors", argumentParser,
      ]),
    command(
      "vision-evaluate",
      [
        "CommandSupport", "Evaluation", "Tasks", "Recipes", "Reports", "Datasets", "Metrics",
        "Tensors", argumentParser,
      ]),
    command(
      "vision-export",
      [
        "CommandSupport", "Tasks", "AdapterFiles", "Adapters", "Quality", "Recipes", "Reports",
        "Training",
        "Storage", "Backbones", "Layers", "Gradients", "Tensors", argumentParser,
      ]),

    // Tools that share the rooms above: the generator of the walking-people data.
    .target(name: "CRaster", path: "Sources/System/CRaster"),
    .executableTarget(
      name: "walkers", dependencies: ["CRaster", "Images", "Frames", argumentParser],
      path: "tools/walkers", swiftSettings: strict),

    // The benchmark that tools/benchmark runs.
    .executableTarget(
      name: "vision-benchmark",
      dependencies: [
        "Pretraining", "Tasks", "Recipes", "Reports", "Optimizers", "Adapters", "Backbones",
        "Losses", "Layers", "Gradients", "Tensors", "Matching", "Metrics", "Frames", "Persons",
        "Images",
        "CKernels",
        argumentParser,
      ],
      path: "tools/vision-benchmark", swiftSettings: strict),

    tests("Tensors", ["Tensors", "CKernels"]),
    tests("Pipelines", ["Pipelines"]),
    tests("Gradients", ["Gradients", "Tensors", "CKernels"]),
    tests("Images", ["Images", "Tensors", "CMedia"], resources: [.copy("Fixtures")]),
    tests("Matching", ["Matching", "CKernels"], resources: [.copy("Goldens")]),
    tests("Layers", ["Layers", "Gradients", "Tensors", "CKernels"]),
    tests(
      "Losses", ["Losses", "Gradients", "Tensors", "Storage"], resources: [.copy("Goldens")]),
    tests("Frames", ["Frames", "Images"]),
    tests("Persons", ["Persons", "Images", "CVision"]),
    tests("Datasets", ["Datasets", "Images", "Spelling"], resources: [.copy("Goldens")]),
    tests("Metrics", ["Metrics", "Images"], resources: [.copy("Goldens")]),
    tests("Optimizers", ["Optimizers", "Layers", "Gradients", "Tensors"]),
    tests(
      "Backbones",
      [
        "Backbones", "Pretraining", "Adapters", "Losses", "Optimizers", "Storage", "Layers",
        "Gradients", "Tensors",
      ],
      resources: [.copy("Goldens")]),
    tests("Storage", ["Storage", "Backbones", "Layers", "Gradients", "Tensors"]),
    tests(
      "Quality", ["Quality", "Batches", "Layers", "Gradients", "Tensors", "Images"],
      resources: [.copy("Goldens")]),
    tests(
      "AdapterFiles",
      [
        "AdapterFiles", "Adapters", "Backbones", "Storage", "Layers", "Gradients", "Tensors",
      ], resources: [.copy("Goldens")]),
    tests(
      "Adapters",
      ["Adapters", "Backbones", "Optimizers", "Layers", "Gradients", "Tensors", "CKernels"],
      resources: [.copy("Goldens")]),
    tests(
      "Training", ["Training", "Backbones", "Storage", "Layers", "Gradients", "Tensors"],
      resources: [.copy("Goldens")]),
    tests("Reports", ["Reports", "Images"]),
    tests(
      "Pretraining",
      [
        "Pretraining", "Training", "Storage", "Backbones", "Losses", "Layers", "Gradients",
        "Tensors", "Optimizers", "Metrics", "Matching", "Recipes", "Persons", "Frames",
        "Datasets", "Images", "Batches",
      ]),
    tests(
      "Tasks",
      [
        "Tasks", "Batches", "Training", "Optimizers", "Adapters", "AdapterFiles", "Quality",
        "Backbones", "Losses", "Layers", "Gradients", "Tensors", "Datasets", "Images", "Storage",
        "Recipes", "Metrics",
      ]),
    tests(
      "Evaluation",
      [
        "Evaluation", "Tasks", "Pretraining", "Batches", "Training", "Storage", "Backbones",
        "Adapters", "AdapterFiles", "Layers", "Gradients", "Tensors", "Datasets", "Metrics",
        "Images", "Recipes",
      ], resources: [.copy("Goldens")]),
    tests("Recipes", ["Recipes", "Spelling", .product(name: "Yams", package: "Yams")]),
    tests(
      "CommandSupport",
      [
        "CommandSupport", "Recipes", "Reports", "Training", "Datasets", "Images", "Metrics",
        "Storage", "Adapters", "AdapterFiles", "Quality", "Tasks", "Evaluation", argumentParser,
      ]),
    tests(
      "EndToEnd",
      [
        "vision-pretrain", "vision-finetune", "vision-restore", "vision-evaluate", "vision-export",
        "Training", "Storage", "Backbones", "Layers", "Gradients", "Tensors", "Frames", "Images",
      ]),
    tests("House", []),
    tests("Walkers", ["walkers", "Images"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
