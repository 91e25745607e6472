import Backbones
import CommandSupport
import Foundation
import Gradients
import Layers
import Storage
import Tasks
import Training

/// The network that is exported, whichever kind it is.
struct ExportSource {
  private enum Kind {
    case features(LoadedModel)
    case restoration(LoadedRestorationModel)
  }

  private let kind: Kind
  /// Picture size of the export.
  let extent: Extent
  /// Which trained head the folder has beside the network; nil for none.
  let headLeftOut: String?

  /// Opens a model; `extent` replaces its picture size.
  init(_ reference: String, extent: Extent?, seed: Int) throws {
    if try RestorationModelFolder.name(of: reference) != nil {
      let model = try RestorationModelFolder.load(reference, seed: seed)
      kind = .restoration(model)
      self.extent = extent ?? model.network.inputExtent
    } else {
      let model = try ModelFolder.load(reference, extent: extent, seed: seed)
      kind = .features(model)
      self.extent = model.extent
    }
    let folder =
      switch kind {
      case .features(let model): model.origin
      case .restoration(let model): model.origin
      }
    let task = try TaskDescription(folder: URL(fileURLWithPath: folder))
    headLeftOut = task?.face != nil ? "face" : task?.reid != nil ? "ReID" : nil
    if task?.needsAdapter == true {
      throw CommandFailure(
        .badData,
        "\(reference) cannot be exported: what its adapter changes depends on each picture, so there "
          + "are no weights that hold it; use it with vision-evaluate, or fine-tune with an adapter "
          + "that can be merged, such as lora.")
    }
  }

  /// What is told about the opening.
  var notice: LoadNotice {
    switch kind {
    case .features(let model): LoadNotice(model)
    case .restoration(let model): LoadNotice(model)
    }
  }

  /// The folder that was opened.
  var origin: String {
    switch kind {
    case .features(let model): model.origin
    case .restoration(let model): model.origin
    }
  }

  /// Name in the catalog.
  var name: String {
    switch kind {
    case .features(let model): model.configuration.architecture
    case .restoration(let model): model.name
    }
  }

  /// The network.
  var network: any Module {
    switch kind {
    case .features(let model): model.backbone
    case .restoration(let model): model.network
    }
  }

  /// How pictures are normalised; those of restoration are not.
  var preprocessing: Preprocessing {
    switch kind {
    case .features(let model): model.preprocessing
    case .restoration: Preprocessing(mean: [0, 0, 0], deviation: [1, 1, 1])
    }
  }

  /// Features or restored pictures.
  func output(of pictures: Variable, in context: ForwardContext) -> Variable {
    switch kind {
    case .features(let model): model.backbone.features(of: pictures, in: context)
    case .restoration(let model): model.network.restored(pictures, in: context)
    }
  }

  /// Writes a model folder.
  func write(to folder: URL, asHalves: Bool) throws {
    switch kind {
    case .features(let model):
      var configuration = model.configuration
      // Heads of a pretraining run stay in the run.
      configuration.swiftVision.embedding = 0
      try ModelFolder.write(
        model.backbone, configuration: configuration, asHalves: asHalves, to: folder)
    case .restoration(let model):
      try RestorationModelFolder.write(
        model.network, named: model.name, made: "exported from \(model.origin)",
        asHalves: asHalves, to: folder)
      // What vision-finetune wrote about tiles and noise stays with the weights.
      let task = try TaskDescription(folder: URL(fileURLWithPath: model.origin))
      if let shape = task?.restoration {
        try TaskDescription(task: .restoration, restoration: shape).write(folder: folder)
      }
    }
  }
}
