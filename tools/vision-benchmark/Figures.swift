/// Every figure of the benchmark; a new one is one line here and, to be compared, one in `tools/peers`.
enum Figures {
  /// In the order in which they run.
  static let all: [Figure] = training + inference + matching + pictures + whole

  private static let training: [Figure] = [
    masked("simmim-vit_tiny-256x128-b32", "vit_tiny_patch16_224", 256, 128, batch: 32),
    masked("simmim-vit_small-256x128-b32", "vit_small_patch16_224", 256, 128, batch: 32),
    masked("simmim-vit_small-224x224-b16", "vit_small_patch16_224", 224, 224, batch: 16),
    paired("isr-vit_tiny-256x128-n70", "vit_tiny_patch16_224", 256, 128, pairs: 5, crops: 7),
    paired("isr-vit_small-256x128-n70", "vit_small_patch16_224", 256, 128, pairs: 5, crops: 7),
    paired("isr-convnet_small-128x64-n70", "convnet_small", 128, 64, pairs: 5, crops: 7),
    paired("isr-resnet50-256x128-n32", "resnet50", 256, 128, pairs: 2, crops: 8),
    supervised("train-vit_tiny-224x224-b16", "vit_tiny_patch16_224", 224, 224, batch: 16),
    supervised("train-vit_small-224x224-b16", "vit_small_patch16_224", 224, 224, batch: 16),
    supervised(
      "lora-vit_small-224x224-b16", "vit_small_patch16_224", 224, 224, batch: 16,
      trained: .adapters(blocks: 12)),
    supervised(
      "lora-vit_small-256x128-b32", "vit_small_patch16_224", 256, 128, batch: 32,
      trained: .adapters(blocks: 12)),
    supervised(
      "lora4-vit_small-224x224-b16", "vit_small_patch16_224", 224, 224, batch: 16,
      trained: .adapters(blocks: 4)),
    Figure(
      name: "lora4-cached-vit_small-224x224-b16", unit: "images/s", peers: ["torch"]
    ) { _ in
      try ClassificationWork(
        "vit_small_patch16_224", height: 224, width: 224, classes: 1000,
        trained: .adapters(blocks: 4)
      ).stepsOnKeptFeatures(batch: 16, pictures: 64)
    },
    supervised("train-resnet50-256x128-b32", "resnet50", 256, 128, batch: 32, classes: 751),
    supervised("train-iresnet50-112x112-b32", "iresnet50", 112, 112, batch: 32),
    Figure(name: "colora-nafnet_w32-128x128-b4", unit: "images/s", peers: ["torch"]) { _ in
      try RestorationWork(channels: 32, height: 128, width: 128).adapterSteps(batch: 4)
    },
    Figure(name: "train-nafnet_w32-128x128-b4", unit: "images/s", peers: ["torch"]) { _ in
      RestorationWork(channels: 32, height: 128, width: 128).steps(batch: 4)
    },
  ]

  private static let inference: [Figure] = [
    embedded("infer-vit_tiny-256x128-b32", "vit_tiny_patch16_224", 256, 128, batch: 32),
    embedded("infer-vit_small-224x224-b16", "vit_small_patch16_224", 224, 224, batch: 16),
    Figure(name: "infer-nafnet_w32-512x512-b1", unit: "images/s", peers: ["torch"]) { _ in
      RestorationWork(channels: 32, height: 512, width: 512).inference(batch: 1)
    },
  ]

  private static let matching: [Figure] =
    [
      Similarities.uniform, .cosine,
    ].flatMap { kind in
      [16, 512, 2048].map { size in
        Figure(name: "assign-\(kind.rawValue)-\(size)", unit: "assignments/s", peers: ["scipy"]) {
          try AssignmentWork.prepare(kind, size: size, into: $0.folder)
        }
      }
    } + [
      Figure(name: "score-3368x15913x768", unit: "evaluations/s", peers: ["numpy"]) { _ in
        RetrievalWork.prepare(queries: 3368, gallery: 15_913, width: 768)
      },
      // As large as MSMT17; numpy would need 3.6 GiB for the distances and twice that to sort them.
      Figure(name: "score-11659x82161x768", unit: "evaluations/s") { _ in
        RetrievalWork.prepare(queries: 11_659, gallery: 82_161, width: 768)
      },
    ]

  private static let pictures: [Figure] = [
    Figure(name: "decode-1280x720", unit: "frames/s", peers: ["opencv", "ffmpeg"]) {
      try FrameWork.decoding(try $0.clip(), maximumHeight: nil, threads: $0.threads)
    },
    Figure(name: "decode-1280x720-to-360", unit: "frames/s", peers: ["opencv", "ffmpeg"]) {
      try FrameWork.decoding(try $0.clip(), maximumHeight: 360, threads: $0.threads)
    },
    Figure(name: "decode-detect-1280x720", unit: "frames/s") {
      try FrameWork.detecting(try $0.clip(), threads: $0.threads)
    },
    Figure(name: "jpeg-640x480-to-224", unit: "images/s", peers: ["opencv"]) {
      try PictureWork.reading(try $0.pictures(), side: 224)
    },
  ]

  private static let whole: [Figure] = [
    Figure(name: wholeJob, unit: "frames/s", peers: ["whole"]) { try WholeJobWork.prepare($0) }
  ]

  /// Name of the figure that needs footage.
  static let wholeJob = "whole-job"

  private static func masked(
    _ name: String, _ backbone: String, _ height: Int, _ width: Int, batch: Int
  ) -> Figure {
    Figure(name: name, unit: "images/s", peers: ["torch"]) { _ in
      try TrainingWork(backbone, height: height, width: width).maskedSteps(batch: batch)
    }
  }

  private static func paired(
    _ name: String, _ backbone: String, _ height: Int, _ width: Int, pairs: Int, crops: Int
  ) -> Figure {
    Figure(name: name, unit: "images/s", peers: ["torch"]) { _ in
      try TrainingWork(backbone, height: height, width: width)
        .pairedSteps(pairs: pairs, crops: crops)
    }
  }

  private static func supervised(
    _ name: String, _ backbone: String, _ height: Int, _ width: Int, batch: Int,
    classes: Int = 1000, trained: ClassificationWork.Trained = .all
  ) -> Figure {
    Figure(name: name, unit: "images/s", peers: ["torch"]) { _ in
      try ClassificationWork(
        backbone, height: height, width: width, classes: classes, trained: trained
      ).steps(batch: batch)
    }
  }

  private static func embedded(
    _ name: String, _ backbone: String, _ height: Int, _ width: Int, batch: Int
  ) -> Figure {
    Figure(name: name, unit: "images/s", peers: ["torch"]) { _ in
      try TrainingWork(backbone, height: height, width: width).inference(batch: batch)
    }
  }
}
