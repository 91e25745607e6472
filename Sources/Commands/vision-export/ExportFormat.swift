import ArgumentParser

/// The words of `--format`.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
  case safetensors, onnx, peft
}
