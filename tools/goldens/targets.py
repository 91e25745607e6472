"""Records what PyTorch computes for the windowed reconstruction target.

    python tools/goldens/targets.py Tests/LossesTests/Goldens

writes `targets.safetensors`: pictures `[batch, height, width, channels]` and the same over mean and
deviation of the 47x47 and of the 5x5 pixels around each pixel and channel, by average pooling that leaves the
border out, in float64 stored as float32. Needs torch and safetensors; their versions are kept in the
metadata.
"""

import sys
from pathlib import Path

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file


def standardized(pictures, side):
    """The target of masked image modelling for Swin V2."""
    def mean(values, counts_border):
        return F.avg_pool2d(values, side, stride=1, padding=side // 2,
                            count_include_pad=counts_border)

    average = mean(pictures, False)
    count = mean(torch.ones_like(pictures), True) * side ** 2
    variance = (mean(pictures ** 2, False) - average ** 2) * count / (count - 1)
    return (pictures - average) / (variance.clamp(min=0) + 1e-6).sqrt()


def main():
    generator = torch.Generator().manual_seed(47)
    pictures = torch.randn(2, 3, 64, 16, generator=generator, dtype=torch.float32)
    # A flat part, where the deviation is next to nothing.
    pictures[1, :, :20, :10] = 0.25
    tensors = {"pictures": pictures.permute(0, 2, 3, 1).contiguous()}
    for side in (47, 5):
        tensors[f"window{side}"] = (
            standardized(pictures.double(), side).float().permute(0, 2, 3, 1).contiguous())
    save_file(tensors, Path(sys.argv[1]) / "targets.safetensors",
              {"format": "pt", "torch": torch.__version__,
               "safetensors": safetensors.__version__})


if __name__ == "__main__":
    main()
