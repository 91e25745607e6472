import Adapters
import Layers
import Tensors

/// Factors of convolutions in groups: ours holds the blocks, PEFT's A spans all inputs.
enum PEFTShapes {
  /// A of our shape as PEFT's, with zeros outside the blocks.
  static func down(_ down: Tensor, at site: SiteGeometry) -> Tensor {
    guard site.groups > 1 else { return down }
    let (rank, narrow) = (down.shape[0], site.inputs / site.groups)
    var wide = Tensor(zeros: [rank, site.inputs, site.kernelHeight, site.kernelWidth])
    let block = narrow * site.taps
    let values = down.values
    wide.withMutablePointer { target in
      for row in 0..<rank {
        let group = row / (rank / site.groups)
        for index in 0..<block {
          target[row * site.inputs * site.taps + group * block + index] =
            values[row * block + index]
        }
      }
    }
    return wide
  }

  /// PEFT's A as ours, or `nil` where it has numbers outside the blocks.
  static func blocks(of wide: Tensor, at site: SiteGeometry) -> Tensor? {
    guard site.groups > 1 else { return wide }
    guard let rank = wide.shape.first,
      wide.shape == [rank, site.inputs, site.kernelHeight, site.kernelWidth],
      rank % site.groups == 0
    else { return nil }
    let block = site.inputs / site.groups * site.taps
    let line = site.inputs * site.taps
    let values = wide.values
    var kept: [Float] = []
    for row in 0..<rank {
      let group = row / (rank / site.groups)
      for index in 0..<line where index / block != group && values[row * line + index] != 0 {
        return nil
      }
      kept += values[row * line + group * block..<row * line + (group + 1) * block]
    }
    return Tensor(kept, shape: site.shape(outputs: rank))
  }
}
