"""Import before timm where torch is a CPU-only build.

PyPI's torchvision is compiled against CUDA, so beside such a torch its operators are missing and its
import stops at two of them. Nothing here calls them: to declare them is enough.
"""
import torch

if torch.version.cuda is None and torch.__version__ >= "2":
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
