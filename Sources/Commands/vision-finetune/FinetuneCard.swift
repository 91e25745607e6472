import CommandSupport
import Foundation
import Storage

/// The `README.md` of a fine-tuned model folder: what it is, how pictures go in, what is compared.
struct FinetuneCard {
  let configuration: ModelConfiguration
  let task: String
  /// What a user of the model compares or takes as its result.
  let compares: String

  func write(to folder: RunFolder) throws {
    let preparation = configuration.pretrainedCfg
    let size = preparation.inputSize
    func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
    try folder.write(
      """
      # \(configuration.architecture), fine-tuned for \(task)

      | | |
      |---|---|
      | architecture | \(configuration.architecture) |
      | made by | \(configuration.swiftVision.origin) |
      | result | \(compares) |

      ## Pictures

      RGB, resized to \(size[2]) pixels wide and \(size[1]) high without regard to their shape, values \
      0 to 1; then subtract the mean (\(list(preparation.mean))) and divide by the deviation \
      (\(list(preparation.std))).

      ## Files

      - `model.safetensors`: the network
      - `head.safetensors`: the task's head
      - `config.json`: architecture and preparation of pictures, with the keys of timm
      - `task.json`: the task and the shape of its head

      A score is no proof of identity. Use the model only with pictures whose people have agreed to it, \
      or where the law allows it otherwise.

      """, to: folder.best.appendingPathComponent("README.md"))
  }
}
