"""Records how timm and the transformers library prepare a picture, for Tests/EvaluationTests.

    python tools/goldens/preparations.py Tests/EvaluationTests/Goldens

writes `preparations.safetensors`: a picture of noise `[height, width, 3]`, 0...255, and what evaluation
makes of it, `[height, width, 3]`. The transformers library's processor is the one on Pillow, which its
models were published with. Needs torch, timm, transformers, Pillow and safetensors.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from models import VERSIONS, noise, save
import transformers
from PIL import Image
from timm.data import create_transform

VERSIONS["transformers"] = transformers.__version__
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TIMM = {
    "timm-center": dict(
        input_size=(3, 16, 16), interpolation="bicubic", crop_pct=0.7, crop_mode="center"),
    "timm-rectangle": dict(
        input_size=(3, 24, 12), interpolation="bilinear", crop_pct=0.875, crop_mode="center"),
    "timm-squash": dict(
        input_size=(3, 24, 12), interpolation="bilinear", crop_pct=1.0, crop_mode="squash"),
}


def main(folder):
    # Smooth enough for a filter to matter, rough enough for a pixel's shift to show.
    drawn = noise(5, (61, 46, 3)) + np.linspace(-1, 1, 61)[:, None, None]
    pixels = (drawn * 63 + 127.5).astype(np.uint8)
    picture = Image.fromarray(pixels)
    tensors = {"picture": torch.from_numpy(pixels.astype(np.float32))}
    for name, arguments in TIMM.items():
        prepared = create_transform(**arguments, mean=MEAN, std=STD)(picture)
        tensors[name] = prepared.permute(1, 2, 0).contiguous()
    processor = getattr(transformers, "BitImageProcessorPil", None) or transformers.BitImageProcessor
    # Of shorter sides of 23 a middle begins between two pixels, of which timm takes the other one; of 25
    # timm takes the same.
    for name, size, crop in (("transformers-crop", 23, 16), ("transformers-even", 25, 16)):
        prepared = processor(
            size={"shortest_edge": size}, crop_size={"height": crop, "width": crop},
            image_mean=list(MEAN), image_std=list(STD))(images=picture, return_tensors="np")
        tensors[name] = torch.from_numpy(
            np.ascontiguousarray(prepared["pixel_values"][0].transpose(1, 2, 0)))
    save(folder / "preparations.safetensors", tensors)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
